"""The file of a link model; what else it may hold is tried in tests/stages/test_link.py."""

import json
from pathlib import Path

import pytest

from samtrack.errors import DataError, WeightsError
from samtrack.io.link_models import read_plain_model, write_text


def test_what_was_written_is_read(tmp_path: Path):
    path = tmp_path / "deep" / "mine.json"
    write_text(path, json.dumps({"models": {}, "data": "µ"}, ensure_ascii=False))
    assert read_plain_model(path) == {"models": {}, "data": "µ"}


def test_errors_name_the_file_and_the_remedy(tmp_path: Path):
    (tmp_path / "mine.json").write_text('{"models": 3}')
    with pytest.raises(WeightsError, match=r"mine\.json: holds the keys \['models'\], .*samtrack train links --out"):
        read_plain_model(tmp_path / "mine.json")
    with pytest.raises(DataError, match=r"cannot be written"):
        write_text(tmp_path / "mine.json" / "inside.json", "")

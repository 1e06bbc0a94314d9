"""Which files are written: said once each, known to the layout, and none of the other parts' business."""

from pathlib import Path

import pytest

from samtrack.config import build_config, trigger
from samtrack.config.layout import Layout
from samtrack.errors import SettingsError
from samtrack.stages.forecast import rules_of

BASE = {"sequences": [{"name": "01", "images": "a", "frames": 3}]}


def with_files(*files: str):
    return build_config(BASE | {"export": {"files": list(files)}})


def test_a_file_is_named_once():
    with pytest.raises(SettingsError, match="names a file twice: geff, geff"):
        with_files("geff", "geff")


def test_a_change_re_runs_the_files_alone():
    one, both = with_files("geff"), with_files("geff", "trackmate")
    assert trigger(one, "export") == trigger(both, "export")
    assert trigger(one, "files") != trigger(both, "files")
    rim = build_config(BASE | {"export": {"field_of_interest_px": 3}})
    assert trigger(rim, "files") == trigger(one, "files")
    assert trigger(rim, "export") != trigger(one, "export")


def test_none_is_planned_where_none_is_wanted():
    assert "export_files" in rules_of(with_files("geff"), with_files("geff").sequences[0])
    assert "export_files" not in rules_of(with_files(), with_files().sequences[0])


def test_where_they_lie():
    layout = Layout(Path("out"), "01")
    assert layout.export_file("geff") == Path("out/01_tracks.geff/.zattrs")
    assert layout.export_file("trackmate") == Path("out/01_trackmate.xml")

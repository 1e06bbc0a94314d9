"""The file of corrections: what of the configuration names it, and that it fits the detections."""

import numpy as np
import pytest

from samtrack.config import build_config
from samtrack.config.layout import pinned_path
from samtrack.config.revisions import trigger
from samtrack.errors import DataError, SettingsError
from samtrack.io.corrections import write_pins
from samtrack.stages.pins import pins_fingerprint, require_pins, rows_of_pins
from samtrack.types import Pin


def config_of(tmp_path, pinned="auto", names=("01",)):
    sequences = [{"name": name, "images": "x"} for name in names]
    return build_config({"out": str(tmp_path), "sequences": sequences, "associate": {"pinned": pinned}})


@pytest.fixture
def detections(detections_at):
    return detections_at([(0, 10.0, 10.0), (0, 30.0, 10.0), (1, 11.0, 10.0), (1, 31.0, 10.0)])


@pytest.fixture
def detections_at():
    from samtrack.types import Detections

    def make(rows):
        frame, y, x = np.array(rows).T
        n = len(rows)
        label = np.arange(n) - np.searchsorted(frame, frame) + 1
        ones = np.ones(n)
        corner = np.stack([y, x], axis=1).astype(int)
        return Detections(
            frame,
            label,
            np.stack([y, x], axis=1),
            ones,
            corner,
            corner + 1,
            ones,
            ones,
            ones,
            ones,
            ones,
            ones,
            ones * 0,
        )

    return make


def pin(action, *cells, places=()):
    return Pin(action, cells[0], cells[1:], 1, "given", "pins.csv, line 2", places)


def test_pins_become_rows_and_consequences_give_way(detections):
    found = rows_of_pins(
        [
            pin("link", (0, 1), (1, 2), places=((10.0, 10.0), (31.0, 10.0))),
            pin("apart", (0, 1), (1, 2)),
            pin("apart", (0, 1), (1, 1)),
            pin("unlink", (0, 2), (1, 2)),
            pin("delete", (1, 1)),
        ],
        detections,
    )
    assert found.links.tolist() == [[0, 3]]
    assert found.apart.tolist() == [[0, 2], [1, 3]]
    assert found.left_out.tolist() == [2]


def test_other_masks_are_told_by_their_place(detections):
    with pytest.raises(DataError, match=r"label 1 in frame 0 at 10 12 µm, which lies at 10 10 µm.*pinned: none"):
        rows_of_pins([pin("delete", (0, 1), places=((10.0, 12.0),))], detections)
    with pytest.raises(DataError, match="label 9 in frame 0, which is not there"):
        rows_of_pins([pin("delete", (0, 9))], detections)


def test_which_file_is_meant(tmp_path):
    assert pinned_path(config_of(tmp_path), "01") == tmp_path / "01_corrections.csv"
    assert pinned_path(config_of(tmp_path, "none"), "01") is None
    assert str(pinned_path(config_of(tmp_path, "a/{sequence}.csv"), "02")) == "a/02.csv"


def test_a_file_that_is_named_must_be_there(tmp_path):
    require_pins(config_of(tmp_path))
    require_pins(config_of(tmp_path, "none"))
    with pytest.raises(DataError, match="does not exist"):
        require_pins(config_of(tmp_path, str(tmp_path / "pins.csv")))
    with pytest.raises(SettingsError, match="one file for 2 sequences"):
        require_pins(config_of(tmp_path, str(tmp_path / "pins.csv"), ("01", "02")))
    (tmp_path / "02.csv").write_text("")
    require_pins(config_of(tmp_path, str(tmp_path / "{sequence}.csv"), ("01", "02")))


def test_only_the_content_counts_and_only_for_its_sequence(tmp_path):
    config = config_of(tmp_path, names=("01", "02"))
    assert pins_fingerprint(config, "01") == ""
    write_pins(tmp_path / "01_corrections.csv", [pin("delete", (0, 1))])
    first = pins_fingerprint(config, "01")
    assert first
    assert pins_fingerprint(config, "02") == ""
    assert pins_fingerprint(config_of(tmp_path, "none"), "01") == ""
    write_pins(tmp_path / "01_corrections.csv", [pin("delete", (0, 2))])
    assert pins_fingerprint(config, "01") not in ("", first)
    assert trigger(config, "associate") == trigger(config_of(tmp_path, "none"), "associate")

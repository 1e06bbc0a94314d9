"""The diary of a run forgets what a killed run did after its last checkpoint."""

from samtrack.stages.train_diary import CHECKS, CURVES, PICTURE, Diary
from samtrack.train.loop import Report


def report(step):
    return Report(step, {"focal": 1.0 / step, "dice": 0.5}, 2.0, 1e-3, 8)


def test_rows_after_the_checkpoint_are_done_again(tmp_path):
    first = Diary(tmp_path, 0)
    for step in (1, 2, 3):
        first.note(report(step))
    first.checked(3, {"iou": 0.5})
    with (tmp_path / CURVES).open("a") as file:
        file.write("4,0.1")  # a line that was cut off
    again = Diary(tmp_path, 2)
    assert [line.split(",")[0] for line in (tmp_path / CURVES).read_text().splitlines()] == ["step", "1", "2"]
    assert (tmp_path / CHECKS).read_text().splitlines() == ["step,iou"]
    again.note(report(3))
    again.checked(3, {"iou": 0.5})
    assert (tmp_path / CURVES).read_text().count("\n") == 4
    assert (tmp_path / PICTURE).read_text().startswith("<?xml")

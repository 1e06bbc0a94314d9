"""What went in and what it took."""

from samtrack.report.data import StageTime
from samtrack.report.run_facts import image_facts, write_facts, write_run
from samtrack.types import Scale


def test_facts_of_the_movie(small) -> None:
    data = small(given=[("Images", "movie/01"), ("Weights of sam2", "tiny, SHA-256 ab<")])
    text = write_facts(data).replace("\u202f", " ")
    assert "0.5 × 0.5 µm (y × x)" in text
    assert "10 min" in text
    assert "40 × 60 voxels" in text
    assert "<dd>movie/01</dd>" in text
    assert "SHA-256 ab&lt;" in text
    assert "max_gap_frames: 2" in text


def test_time_and_memory_of_the_stages(small) -> None:
    timings = [StageTime("segment", 3, 130.0, 240.0, 512.0), StageTime("link", 1, 5.0, 4.0, 80.0)]
    text = write_run(small(timings=timings, machine=[("Cores", "2")])).replace("\u202f", " ")
    assert "2 min 15 s in all" in text
    assert "512 MB" in text
    assert "<dd>2</dd>" in text
    assert text.startswith('<section id="run">')


def test_without_run_times_there_is_no_table_of_them(small) -> None:
    assert write_run(small()) == ""
    assert "<table" not in write_run(small(machine=[("Cores", "2")]))


def test_what_nobody_told_is_not_made_up(small) -> None:
    facts = dict(image_facts(small(scale=Scale((1.0, 1.0), is_calibrated=False))))
    assert facts["Voxel"] == "not calibrated: lengths are in voxels"
    assert facts["Interval"] == "not given"
    known = dict(image_facts(small(scale=Scale((1.0, 1.0), 5.0, is_calibrated=False))))
    assert known["Interval"] == "5\u202fmin"

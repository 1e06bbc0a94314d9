import pytest

from samtrack.doctor.finding import Finding, Verdict, note, ok, problem


def test_what_is_not_fine_says_what_to_do():
    assert ok("disk", "large").verdict is Verdict.OK
    for make in (note, problem):
        assert make("disk", "full", "Free space.").do == "Free space."
        with pytest.raises(ValueError, match="something to do"):
            make("disk", "full", "")
    with pytest.raises(ValueError, match="something to do"):
        Finding(Verdict.OK, "disk", "large", "Nothing.")

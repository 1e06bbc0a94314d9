import math

import pytest

from samtrack.doctor.amounts import megabytes_of, minutes_of, number_of, slurm_minutes


@pytest.mark.parametrize(
    ("value", "minutes"),
    [
        (120, 120),
        ("90", 90),
        ("2h", 120),
        ("1d12h", 2160),
        ("30m", 30),
        ("45 min", 45),
        ("60 * attempt", 120),
        ("later", None),
    ],
)
def test_runtimes(value, minutes):
    assert minutes_of(value, attempt=2) == minutes


@pytest.mark.parametrize(
    ("value", "mb"),
    [
        (8000, 8000),
        ("8GB", 8000),
        ("500 MB", 500),
        ("2 TiB", 2e6),
        ("min(4000 * attempt, 6000)", 6000),
        ("input.size", None),
    ],
)
def test_memories(value, mb):
    assert megabytes_of(value, attempt=2) == mb


@pytest.mark.parametrize("text", ["__import__('os')", "a.b", "[1]", "1 if attempt else 2", "", "9 / 0", None])
def test_only_sums_are_worked_out(text):
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("30:00", 30),
        ("12:00:00", 720),
        ("2-00:00:00", 2880),
        ("1-12", 2160),
        ("5", 5),
        ("0:30", 0.5),
        ("infinite", math.inf),
    ],
)
def test_limits_of_slurm(text, minutes):
    assert slurm_minutes(text) == minutes

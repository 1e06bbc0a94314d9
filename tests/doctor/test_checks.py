import time

import pytest

from samtrack.doctor.checks import CHECKS, Check, examine
from samtrack.doctor.finding import Verdict, ok
from samtrack.doctor.profile import find_profile
from samtrack.errors import DataError


def test_no_check_stops_or_hangs_the_others():
    def breaks(situation):
        yield ok("first", "is still told")
        raise ZeroDivisionError("oh dear")

    def refuses(situation):
        raise DataError("a file is cut off")

    def hangs(situation):
        yield ok("before", "is told, too")
        time.sleep(3)

    checks = [
        Check("one", breaks),
        Check("two", refuses),
        Check("three", hangs, limit_s=0.2),
        Check("four", lambda situation: [ok("last", "is reached")]),
    ]
    start = time.monotonic()
    found = [f for f in examine(None, (), checks) if f.topic not in ("config", "profile")]
    assert time.monotonic() - start < 2.5
    assert [f.topic for f in found] == ["one", "one", "two", "three", "three", "four"]
    assert found[0].found == "is still told"
    said = {f.topic: f for f in found if f.verdict is Verdict.PROBLEM}
    assert "ZeroDivisionError: oh dear" in said["one"].found
    assert "a file is cut off" in said["two"].found
    assert said["three"].checked == "took too long"


def test_a_configuration_that_does_not_load_leaves_the_defaults(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("linkk: {}\n")
    seen = []
    found = list(examine(path, (), [Check("x", lambda situation: seen.append(situation) or [])]))
    assert "unknown key" in next(f.found for f in found if f.verdict is Verdict.PROBLEM)
    assert seen[0].path is None
    assert seen[0].config.dataset == "movie"


def test_a_profile_that_is_not_there_is_a_problem():
    found = list(examine(None, ["nowhere-at-all"], []))
    assert [f.checked for f in found if f.verdict is Verdict.PROBLEM] == ["profile nowhere-at-all"]


def test_the_profiles_that_ship_are_named_where_snakemake_would_not_find_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (missing,) = [f for f in examine(None, ["slurm"], []) if f.verdict is Verdict.PROBLEM]
    folder = missing.do.split("--profile ")[1].rstrip(".")
    assert find_profile(folder) is not None


@pytest.mark.parametrize("topic", ["python", "gpu", "cpu", "memory", "disk", "weights", "software", "slurm", "profile"])
def test_all_topics_are_looked_at(topic):
    assert topic in {check.topic for check in CHECKS}

import pytest

from samtrack.doctor.memory import check_memory, judge_jobs
from samtrack.io.cgroups import Cgroups


def test_a_limit_below_one_job_is_a_problem(situation, tmp_path, told):
    (tmp_path / "self").write_text("0::/\n")
    (tmp_path / "memory.max").write_text("4000000000\n")
    groups = Cgroups(tmp_path / "self", tmp_path)
    said = told(check_memory(situation({"resources": {"memory_gb": 4}, "sam2": {"memory_gb": 2}}, cgroups=groups)))
    assert "a control group allows 4.0 GB" in said["memory"][1]
    assert said["memory of a job"][0] == "problem"
    assert "Set resources.memory_gb: 0.7." in said["memory of a job"][1]


@pytest.mark.parametrize(
    ("profile", "total", "verdict"),
    [
        ({"cores": 4}, 100, "ok"),
        ({"cores": 4}, 30, "note"),
        ({"cores": 4, "resources": ["mem_mb=20000"]}, 30, "ok"),
        ({"cores": 1}, 30, "ok"),
        ({"cores": 1}, 9, "problem"),
    ],
)
def test_jobs_at_once(situation, profile, total, verdict):
    now = situation({"resources": {"memory_gb": 8}, "sam2": {"memory_gb": 2}}, profile)
    assert now.job_memory_gb == 10.5, "fill asks SAM 2"
    assert judge_jobs(now, total).verdict == verdict


def test_with_slurm_the_jobs_are_elsewhere(situation, told):
    said = told(check_memory(situation({"resources": {"memory_gb": 1e6}}, {"executor": "slurm", "jobs": 10})))
    assert said["memory"][0] == "ok"
    assert list(said) == ["memory"]

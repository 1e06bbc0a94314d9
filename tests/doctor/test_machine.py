import resource

from samtrack.doctor.machine import allowed_cores, check_cores, check_limits, check_threads
from samtrack.io.cgroups import Cgroups


def test_a_quota_of_processor_time_counts(situation, tmp_path, told):
    (tmp_path / "self").write_text("0::/\n")
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    now = situation({"resources": {"workers": 4}}, cgroups=Cgroups(tmp_path / "self", tmp_path))
    assert allowed_cores(now.cgroups)[0] == 1
    said = told(check_cores(now))
    assert said["resources.workers"][0] == "note"
    assert "workers: 1" in said["resources.workers"][1]


def test_threads_that_variables_ask_for(situation, told):
    now = situation({"resources": {"workers": 2}})
    assert told(check_threads(now, {"OMP_NUM_THREADS": "2"}))["threads"][0] == "ok"
    assert told(check_threads(now, {}))["threads"][0] == "ok"
    verdict, said = told(check_threads(now, {"OMP_NUM_THREADS": "64", "MKL_NUM_THREADS": "x"}))["threads"]
    assert verdict == "note"
    assert "unset OMP_NUM_THREADS MKL_NUM_THREADS" in said


def test_limits_of_the_shell(situation, told):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    now = situation()
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, before[1]))
    try:
        verdict, said = told(check_limits(now))["open files"]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert verdict == "note"
    assert "ulimit -n" in said

from pathlib import Path

import pytest
import yaml

from samtrack.doctor.finding import Verdict
from samtrack.doctor.profile import check_profile, find_profile, read_profile

ROOT = Path(__file__).resolve().parents[2]


def written(folder, keys, name="config.yaml"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(yaml.safe_dump(keys))
    return str(folder)


def test_a_profile_is_found_where_snakemake_looks(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "home" / "snakemake" / "lab", {})
    assert find_profile("lab") == tmp_path / "home" / "snakemake" / "lab" / "config.yaml"
    written(tmp_path / "lab", {})
    written(tmp_path / "lab", {}, "config.v9+.yaml")
    written(tmp_path / "lab", {}, "config.v99+.yaml")
    assert find_profile("lab").name == "config.v9+.yaml", "the newest for this Snakemake, in the current folder first"
    assert find_profile("lab/config.yaml").name == "config.yaml"
    assert find_profile("none") is None


def test_later_profiles_replace_whole_keys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = written(tmp_path / "a", {"executor": "slurm", "default-resources": {"mem_mb": 1, "runtime": 2}, "jobs": 3})
    second = written(tmp_path / "b", {"default_resources": {"slurm_partition": "cpu"}})
    profile, findings = read_profile([first, second])
    assert findings == []
    assert profile.default_resources == {"slurm_partition": "cpu"}
    assert (profile.uses_slurm, profile.keys["jobs"]) == (True, 3)
    assert len(profile.lost) == 1
    assert "without mem_mb, runtime" in profile.lost[0]


def test_resources_may_be_lists(tmp_path):
    keys = {"default-resources": ["mem_mb=5", "runtime=2h"], "set-resources": ["link:mem_mb=7", "link:runtime=1"]}
    profile, _ = read_profile([written(tmp_path / "a", keys)])
    assert profile.default_resources == {"mem_mb": "5", "runtime": "2h"}
    assert profile.rule_resources == {"link": {"mem_mb": "7", "runtime": "1"}}


def test_the_projects_own_profiles_are_read_and_fine(situation, monkeypatch):
    monkeypatch.chdir(ROOT)
    profile, findings = read_profile(["slurm"])
    assert findings == []
    assert profile.uses_slurm
    assert [path.parent.name for path in profile.files] == ["slurm", "default"]
    now = type(situation())(profile=profile)
    assert [f.checked for f in check_profile(now) if f.verdict is not Verdict.OK] == []
    assert profile.group_of("measure") == ("light", 4)
    assert profile.group_of("link") == ("", 1)
    assert read_profile(["profiles/gpu-workstation"])[0].gpus == 1


def test_a_damaged_profile_is_a_problem(tmp_path):
    (tmp_path / "config.yaml").write_text("jobs: [1\n")
    _, findings = read_profile([str(tmp_path)])
    assert findings[0].verdict is Verdict.PROBLEM


@pytest.mark.parametrize(
    ("keys", "checked", "verdict"),
    [
        ({}, "jobs", "problem"),
        ({"jobs": 5}, "latency-wait", "note"),
        ({"jobs": 5}, "retries", "note"),
        ({"jobs": 5, "default-resources": {"mem_mb": 5}}, "default-resources", "note"),
        ({"jobs": 5, "set-resources": {"fill": {"gpus": 1}}}, "fill", "problem"),
        ({"jobs": 5, "set-resources": {"fill": {"slurm_extra": "--gres=gpu:1"}}}, "fill", "problem"),
    ],
)
def test_settings_that_end_badly(situation, told, keys, checked, verdict):
    assert told(check_profile(situation({}, {"executor": "slurm", **keys})))[checked][0] == verdict


def test_how_jobs_get_their_software(situation):
    assert situation({}, {"software-deployment-method": ["conda", "apptainer"]}).profile.deployment == {
        "conda",
        "apptainer",
    }
    assert situation({}, {"sdm": "conda"}).profile.deployment == {"conda"}
    assert situation({}, {}).profile.deployment == frozenset()

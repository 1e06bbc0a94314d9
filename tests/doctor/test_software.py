import pytest

from samtrack.doctor import software
from samtrack.doctor.software import PLUGIN, PLUGIN_TESTED, check_deployment, check_plugin, check_snakemake

CLUSTER = {"executor": "slurm", "jobs": 5}


def test_snakemake(situation, told, monkeypatch):
    assert told(check_snakemake(situation()))["Snakemake"][0] == "ok"
    monkeypatch.setattr(software, "version_of", lambda package: None)
    assert told(check_snakemake(situation()))["Snakemake"][0] == "problem"


@pytest.mark.parametrize(
    ("version", "profile", "verdict"),
    [
        (None, {}, "ok"),
        (None, CLUSTER, "problem"),
        ("1.9.0", CLUSTER, "problem"),
        (PLUGIN_TESTED, CLUSTER, "ok"),
        ("99.0.0", CLUSTER, "note"),
    ],
)
def test_the_plugin_for_slurm(situation, told, monkeypatch, version, profile, verdict):
    monkeypatch.setattr(software, "version_of", lambda package: version)
    assert told(check_plugin(situation({}, profile)))[PLUGIN][0] == verdict


def test_an_unknown_package_has_no_version():
    assert software.version_of("no-such-package-at-all") is None


def test_commands_that_bring_software(situation, told, program):
    asked = situation({}, {"software-deployment-method": ["conda", "apptainer"]})
    said = told(check_deployment(asked))
    assert (said["conda"][0], said["apptainer"][0]) == ("problem", "problem")
    assert told(check_deployment(situation()))["conda"][0] == "ok", "not asked for"
    program("conda", "echo conda 23.1.0")
    program("apptainer", "echo apptainer version 1.3.4")
    said = told(check_deployment(asked))
    assert said["conda"][0] == "problem"
    assert "24.7.1" in said["conda"][1]
    assert said["apptainer"][0] == "ok"
    program("conda", "echo conda 25.1.0")
    assert told(check_deployment(asked))["conda"][0] == "ok"


def test_singularity_will_do(situation, told, program):
    program("singularity", "echo singularity-ce version 4.1.0")
    asked = situation({}, {"software-deployment-method": "apptainer"})
    assert told(check_deployment(asked))["apptainer"][0] == "ok"

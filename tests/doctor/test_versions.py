import platform
import shutil
import sys
from importlib import metadata

import pytest

from samtrack.doctor.versions import check_commands, check_packages, check_python, pins_of_tests
from samtrack.stages.workflow import workflow_folder


def test_what_the_tests_ran_with_is_known_wherever_the_workflow_lies():
    tested = pins_of_tests(workflow_folder() / "envs")
    assert tested["python"].startswith("3.")
    assert {"torch", "numpy", "snakemake", "matplotlib"} <= set(tested)


def test_every_package_that_is_needed_is_pinned(situation):
    """Else nobody could say whether it is the version of the tests."""
    from packaging.requirements import Requirement

    tested = pins_of_tests(workflow_folder() / "envs")
    needed = [Requirement(line) for line in metadata.requires("samtrack") or [] if "extra ==" not in line]
    assert needed
    submits = {"snakemake-executor-plugin-slurm"}  # in no environment of jobs; software.PLUGIN_TESTED knows it
    assert {r.name.lower() for r in needed} - submits <= set(tested)


def test_this_python(situation, told):
    assert told(check_python(situation()))["Python"][0] in ("ok", "note")


@pytest.mark.parametrize(("version", "verdict"), [("3.9.1", "problem"), ("3.99.0", "note")])
def test_another_python(situation, told, monkeypatch, version, verdict):
    monkeypatch.setattr(platform, "python_version", lambda: version)
    assert told(check_python(situation()))["Python"][0] == verdict


def test_two_copies_of_samtrack(situation, told, monkeypatch):
    monkeypatch.setattr("samtrack.doctor.versions.__version__", "99.0")
    assert told(check_python(situation()))["samtrack"][0] == "note"


@pytest.fixture
def installed(monkeypatch):
    """Change what seems to be installed: package to version, None for missing."""
    true, changed = metadata.version, {}

    def version(name):
        found = changed[name] if name in changed else true(name)
        if found is None:
            raise metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(metadata, "version", version)
    return changed


def test_versions_of_packages(situation, told, installed):
    installed |= {"numpy": "1.20", "pandas": "99.1", "torch": None}
    said = told(check_packages(situation()))
    assert said["package numpy"][0] == "problem"
    assert "pip install 'numpy==" in said["package numpy"][1]
    assert said["packages"][0] in ("note", "ok")
    assert said["package torch"][0] == "problem"
    assert told(check_packages(situation({"fill": {"method": "shape"}})))["package torch"][0] == "note"
    conda = situation({}, {"software-deployment-method": "conda"})
    assert told(check_packages(conda))["package torch"][0] == "note"


def test_another_version_than_that_of_the_tests_is_a_note(situation, installed):
    installed["pandas"] = "99.1"
    found = [f for f in check_packages(situation()) if f.verdict == "note"]
    assert any("pandas 99.1" in f.found and "pip install" in f.do for f in found)
    installed["pandas"] = pins_of_tests(workflow_folder() / "envs")["pandas"] + "+cu1"
    assert not any("pandas" in f.found for f in check_packages(situation())), "a local build is the same version"


def test_the_command_that_jobs_call(situation, told, monkeypatch, program, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    assert told(check_commands(situation()))["command samtrack"][0] == "problem"
    program("samtrack", "")
    assert told(check_commands(situation()))["command samtrack"][0] == "ok"


def test_a_snakemake_of_another_python(situation, told, monkeypatch, program, tmp_path):
    program("snakemake", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "other" / "python"))
    assert told(check_commands(situation()))["command snakemake"][0] == "note"
    assert shutil.which("snakemake")

"""Scripts of the software folder: what they say and do, and that a shell can read them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from samtrack.submit.scripts import COMMAND, COMPARE_VERSIONS, SETUP, Entry, entry_script

INPUTS = {"images": "../Fluo-N3DL-DRO/02", "first-frame": "../Fluo-N3DL-DRO/02_GT/TRA/man_track000.tif"}


def entry(**other):
    told = {"dataset": "Fluo-N3DL-DRO", "sequence": "02", "training": None, "version": "0.1.0", "inputs": INPUTS}
    return Entry(**{**told, **other})


def test_an_entry_script_tells_its_parameters_and_runs_without_arguments():
    text = entry_script(entry(parameters={"fill.method": "shape"}, needs=["The run took long."]))
    head, _, body = text.partition("set -euo pipefail")
    assert head.startswith("#!/usr/bin/env bash\n# Fluo-N3DL-DRO, sequence 02: reads ../Fluo-N3DL-DRO/02, writes")
    assert "writes ../Fluo-N3DL-DRO/02_RES. No arguments." in head
    assert "#   fill.method: shape\n" in head
    assert "# The run took long.\n" in head
    assert "Prerequisites" in head
    assert all(line.startswith("#") for line in head.splitlines())
    assert "$1" not in body
    assert "weights fetch" not in body
    assert '--first-frame "../Fluo-N3DL-DRO/02_GT/TRA/man_track000.tif"' in body


def test_training_configurations_are_in_every_name():
    one = entry(training="GT+ST")
    text = entry_script(one)
    assert (one.name, one.stem) == ("Fluo-N3DL-DRO-02-GT+ST.sh", "Fluo-N3DL-DRO-GT+ST")
    assert "../Fluo-N3DL-DRO/02_RES-GT+ST" in text
    assert '--config "Fluo-N3DL-DRO-GT+ST.yaml"' in text
    assert '--training "GT+ST"' in text


def test_weights_are_named_by_where_they_lie_and_fetched_before_they_are_summed():
    text = entry_script(entry(weights={"sam2.weights": "weights/ab/x.pt"}, fetched=["sam2.1-hiera-large"]))
    assert '--set "sam2.weights=$sw/weights/ab/x.pt"' in text
    assert text.index("samtrack weights fetch sam2.1-hiera-large\n") < text.index("sha256sum --quiet --check")


@pytest.mark.parametrize("text", [entry_script(entry(weights={"link.model": "weights/a.json"})), SETUP])
def test_a_shell_can_read_them(text):
    done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_other_versions_are_told(tmp_path):
    import numpy

    (tmp_path / "compare.py").write_text(COMPARE_VERSIONS)
    lines = ["# said by nobody", f"numpy=={numpy.__version__}", "tifffile==1999.1.1", "no-such-package==1.0"]
    (tmp_path / "requirements.txt").write_text("\n".join(lines) + "\n")
    command = [sys.executable, "compare.py", "requirements.txt"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    told = done.stderr.splitlines()
    assert len(told) == 2
    assert "tifffile is 20" in told[0]
    assert "no-such-package is missing; the results were made with 1.0" in told[1]


def test_an_environment_is_made_once_and_its_samtrack_is_the_one_of_the_folder(tmp_path):
    """With the packages that the standard library alone has: none, so nothing is fetched."""
    own = tmp_path / "SW" / "samtrack 0.1"
    (own / "bin").mkdir(parents=True)
    (own / "wheels").mkdir()
    (own / "samtrack" / "cli").mkdir(parents=True)
    (own / "samtrack" / "__init__.py").write_text("")
    (own / "samtrack" / "cli" / "__init__.py").write_text("")
    (own / "samtrack" / "cli" / "__main__.py").write_text("import sys\nprint(sys.prefix, *sys.argv[1:])\n")
    files = {
        "setup.sh": SETUP,
        "bin/samtrack": COMMAND,
        "compare_versions.py": COMPARE_VERSIONS,
        "requirements.txt": "# none\n",
    }
    for name, text in files.items():
        (own / name).write_text(text)
    script = f'set -euo pipefail\n. "{own}/setup.sh"\nsamtrack weights list\n'
    told = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable, "PYTHONPATH": "elsewhere", "HOME": str(tmp_path)}
    runs = [
        subprocess.run(["bash", "-c", script], env=told, cwd=tmp_path, capture_output=True, text=True, check=False)
        for _ in range(2)
    ]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr
    assert [run.stdout.split() for run in runs] == [[*str(own / "venv").split(), "weights", "list"]] * 2
    assert ["making" in run.stderr for run in runs] == [True, False]

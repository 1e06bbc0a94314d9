"""The command as people call it."""

import json
import os
import subprocess
import sys

from samtrack.cli.main import main

FAST = {"fill": {"method": "shape"}}


def test_a_sound_configuration(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("samtrack.doctor.gpu.PROBE", "raise SystemExit('not asked in this test')")
    config = tmp_path / "c.yaml"
    text = {**FAST, "out": str(tmp_path / "out"), "sequences": [{"name": "01", "simulate": {"shape_px": [64, 64]}}]}
    config.write_text(json.dumps({**text, "resources": {"memory_gb": 0.5, "workers": 1}}))
    status = main(["doctor", "--config", str(config), "--json"])
    found = json.loads(capsys.readouterr().out)
    problems = [f for f in found if f["verdict"] == "problem"]
    assert status == int(bool(problems))
    assert not [f for f in problems if f["checked"] == "the check itself failed"]
    assert {"config", "python", "memory", "disk", "weights", "slurm", "movie"} <= {f["topic"] for f in found}
    assert all(f["do"] for f in found if f["verdict"] != "ok")
    assert not (tmp_path / "out").exists()


def test_a_problem_ends_with_status_1_and_no_colour_in_a_pipe(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("samtrack.doctor.gpu.PROBE", "raise SystemExit('not asked in this test')")
    config = tmp_path / "c.yaml"
    config.write_text("linkk: {}\n")
    assert main(["doctor", "--config", str(config)]) == 1
    out = capsys.readouterr().out
    assert "problem  config: configuration" in out
    assert "To do:" in out
    assert "\x1b" not in out
    assert out.splitlines()[-1].startswith(f"{len(out.splitlines()) - 1} findings: ")


def test_no_heavy_package_is_loaded(tmp_path):
    code = (
        "import sys; import samtrack.doctor.checks; "
        "print([m for m in ('torch', 'transformers', 'zarr', 'tifffile', 'scipy', 'pandas') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip() == "[]"

"""``samtrack view --web`` as a command: it says where it is, answers, and ends when it is interrupted."""

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from samtrack.cli import main
from samtrack.config.ingest import IngestSettings
from samtrack.io.ome_zarr import ImageFacts, create_image, open_image, written_label_image
from samtrack.io.tables import write_table
from samtrack.types import Scale


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_server_says_where_it_is_and_ends_when_it_is_asked_to(tmp_path: Path, how: signal.Signals):
    if signal.getsignal(how) is signal.SIG_IGN:
        pytest.skip("whoever started these tests has programs of the background ignore interruptions")
    store, settings, voxels = tmp_path / "01.ome.zarr", IngestSettings(), np.eye(8, dtype=np.uint16)
    writer = create_image(store, ImageFacts(1, (8, 8), voxels.dtype, Scale((1.0, 1.0)), name="01"), settings)
    writer.write(0, voxels)
    writer.finish()
    with written_label_image(store / "labels" / "tracks", open_image(store), settings) as tracks:
        tracks.write(0, voxels.astype(np.uint32))
    table = dict.fromkeys(("track_id", "t", "parent_track_id", "y", "x"), np.zeros(0))
    write_table(tmp_path / "01_tracks.parquet", table)
    command = [sys.executable, "-m", "samtrack.cli", "view", "--web", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        said = server.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", said)
        assert found, said
        with urllib.request.urlopen(found[0] + "01/frame/0/0.png", timeout=20) as answer:
            assert answer.read().startswith(b"\x89PNG")
        server.send_signal(how)
        try:
            assert server.wait(20) == 0
        finally:
            server.kill()
        assert "Traceback" not in server.stderr.read()


def test_options_that_do_not_fit_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["view", "--web", "--edits", "x.csv", str(tmp_path)]) == 2
    assert "the browser saves edits" in capsys.readouterr().err

"""Checkpoints and networks are written whole and read back; a file that could run code is refused."""

import pickle

import pytest
import torch

from samtrack.errors import WeightsError
from samtrack.io.checkpoints import read_checkpoint, write_checkpoint, write_network
from samtrack.io.weights import read_weights


def test_a_checkpoint_comes_back(tmp_path):
    state = {"step": 3, "student": {"a": torch.arange(4.0)}, "settings": {"rate": 0.1, "frames": [2]}}
    write_checkpoint(tmp_path / "deep" / "checkpoint.pt", state)
    back = read_checkpoint(tmp_path / "deep" / "checkpoint.pt")
    assert back["settings"] == state["settings"]
    assert torch.equal(back["student"]["a"], state["student"]["a"])
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["checkpoint.pt"]


def test_a_pickle_that_runs_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("ran",))

    (tmp_path / "checkpoint.pt").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(WeightsError, match="not a checkpoint that can be read"):
        read_checkpoint(tmp_path / "checkpoint.pt")


def test_a_network_is_written_in_half_precision(tmp_path):
    state = {"a": torch.tensor([1.0, 1 / 3]), "n": torch.tensor([7])}
    write_network(tmp_path / "net", {"model_type": "sam2_video"}, state)
    back = read_weights(tmp_path / "net")
    assert back.config == {"model_type": "sam2_video"}
    assert back.state["a"].dtype == torch.float16
    assert back.state["n"].item() == 7

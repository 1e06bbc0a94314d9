"""What an engine runs on, and what it says when it cannot."""

import pytest
import torch

from samtrack.errors import SettingsError
from samtrack.models import device as module
from samtrack.models.device import choose_device, choose_precision


def test_a_cpu_that_was_asked_for():
    device, line = choose_device("cpu")
    assert device == torch.device("cpu")
    assert line == "runs on cpu, as asked"


def test_auto_without_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    device, line = choose_device("auto")
    assert device == torch.device("cpu")
    assert line == f"no GPU found: runs on the CPU, {torch.get_num_threads()} threads"


def test_auto_takes_a_gpu_and_names_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Tesla of the test")
    assert choose_device("auto") == (torch.device("cuda"), "runs on Tesla of the test")


def test_auto_takes_an_apple_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto")[0] == torch.device("mps")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what the test asks for in vain")
@pytest.mark.parametrize("asked", ["cuda", "cuda:7"])
def test_a_gpu_that_is_not_there(asked):
    with pytest.raises(SettingsError, match=rf"sam2\.device: '{asked}' cannot be used here \(.+\)\. Use auto, cpu"):
        choose_device(asked)


def test_a_word_that_is_no_device():
    with pytest.raises(SettingsError, match=r"sam2\.device: 'gpu' cannot be used here .* Use auto, cpu, cuda"):
        choose_device("gpu")


@pytest.mark.parametrize(("asked", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_a_precision_that_was_asked_for(asked, dtype):
    assert choose_precision(asked, torch.device("cpu")) == dtype


@pytest.mark.parametrize(("good", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_takes_half_where_the_device_is_good_at_it(monkeypatch, good, dtype):
    monkeypatch.setattr(module, "_is_good_at_bfloat16", lambda _: good)
    assert choose_precision("auto", torch.device("cpu")) == dtype


@pytest.mark.parametrize(("capability", "dtype"), [((7, 5), torch.float32), ((8, 0), torch.bfloat16)])
def test_gpus_are_good_at_half_since_ampere(monkeypatch, capability, dtype):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert choose_precision("auto", torch.device("cuda")) == dtype

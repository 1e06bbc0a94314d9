import json
import sys

import pytest

from samtrack.doctor.gpu import check_gpu, judge_gpus

H200 = {"name": "H200", "capability": [9, 0], "free": 140e9, "total": 143e9, "fault": ""}
OLD = {"name": "GTX 1080", "capability": [6, 1], "free": 7e9, "total": 8e9, "fault": ""}
TORCH = {
    "version": "2.13.0",
    "cuda": "13.0",
    "hip": None,
    "archs": ["sm_80", "sm_90", "compute_90"],
    "mps": False,
    "gpus": [],
}


def judged(told, situation, gpus, has_driver=True, said="", **torch):
    return told(judge_gpus(situation, {**TORCH, "gpus": gpus, **torch}, has_driver, said))


def test_torch_is_asked_in_another_process(situation, told):
    said = told(check_gpu(situation()))
    assert said["torch"][0] == "ok"


def test_without_torch_there_is_a_problem_only_where_a_network_is_asked(
    situation, told, program, tmp_path, monkeypatch
):
    program("python", "echo \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    verdict, said = told(check_gpu(situation()))["torch"]
    assert verdict == "problem"
    assert "No module named 'torch'" in said
    assert told(check_gpu(situation({"fill": {"method": "shape"}})))["torch"][0] == "ok"


def test_a_good_gpu(situation, told):
    verdict, said = judged(told, situation(), [H200])["GPU 0"]
    assert verdict == "ok"
    assert "9.0" in said
    assert "bfloat16" in said


@pytest.mark.parametrize(
    ("gpu", "config", "verdict", "word"),
    [
        (OLD, {}, "problem", "torch is built for sm_80"),
        ({**H200, "fault": "an illegal instruction"}, {}, "problem", "illegal"),
        ({**H200, "free": 1e9}, {"sam2": {"memory_gb": 2}}, "note", "lower sam2.memory_gb"),
        ({**OLD, "capability": [7, 5]}, {"sam2": {"precision": "bfloat16"}}, "problem", "sm_80"),
    ],
)
def test_gpus_that_do_not_fit(situation, told, gpu, config, verdict, word):
    found, said = judged(told, situation(config), [gpu])["GPU 0"]
    assert found == verdict
    assert word in said


def test_slow_bfloat16_is_told(situation, told):
    turing = {**OLD, "capability": [7, 5]}
    found = judged(told, situation({"sam2": {"precision": "bfloat16"}}), [turing], archs=["sm_75"])["GPU 0"]
    assert found[0] == "note"
    assert "precision: auto" in found[1]


def test_code_for_an_older_generation_may_be_compiled_for_a_newer_gpu(situation, told):
    newer = {**H200, "capability": [12, 0]}
    assert judged(told, situation(), [newer])["GPU 0"][0] == "ok"
    assert judged(told, situation(), [newer], archs=["sm_80", "sm_90"])["GPU 0"][0] == "problem"
    assert judged(told, situation(), [{**H200, "capability": [8, 6]}], archs=["sm_80"])["GPU 0"][0] == "ok"


def test_a_driver_that_torch_cannot_use(situation, told):
    assert "without CUDA" in judged(told, situation(), [], cuda=None)["GPU"][1]
    verdict, said = judged(told, situation(), [], said="The NVIDIA driver on your system is too old")["GPU"]
    assert verdict == "note"
    assert "too old" in said


def test_none_at_all(situation, told):
    assert judged(told, situation(), [], has_driver=False)["GPU"][0] == "note"
    assert judged(told, situation({"sam2": {"device": "cpu"}}), [], has_driver=False)["GPU"][0] == "ok"
    assert judged(told, situation({}, {"executor": "slurm", "jobs": 1}), [], has_driver=False)["GPU"][0] == "ok"
    verdict, said = judged(told, situation({"sam2": {"device": "cuda:1"}}), [H200])["sam2.device"]
    assert verdict == "problem"
    assert "1 usable" in said


def test_the_driver_is_told(situation, told, program, tmp_path, monkeypatch):
    program("nvidia-smi", "echo 'NVIDIA H200, 590.1, 143771 MiB'")
    program("python", f"echo 'TOLD{json.dumps({**TORCH, 'gpus': [H200]})}'")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    said = told(check_gpu(situation()))
    assert "590.1" in said["NVIDIA driver"][1]
    assert said["GPU 0"][0] == "ok"
    program("nvidia-smi", "echo 'NVIDIA-SMI has failed'; exit 9")
    assert told(check_gpu(situation()))["NVIDIA driver"][0] == "note"


@pytest.mark.parametrize(
    ("given", "gpus", "word"), [(2, [H200], "share"), (1, [H200] * 2, "idle"), (1, [], "device: cpu")]
)
def test_gpus_of_the_profile_that_are_not_those_seen(situation, told, given, gpus, word):
    now = situation({}, {"resources": [f"gpu={given}"]})
    verdict, said = judged(told, now, gpus)["resources of the profile"]
    assert verdict == "note"
    assert word in said


def test_gpus_of_the_profile_that_fit_or_do_not_count(situation, told):
    fit = situation({}, {"resources": ["gpu=1"]})
    assert "resources of the profile" not in judged(told, fit, [H200])
    on_cpu = situation({"sam2": {"device": "cpu"}}, {"resources": ["gpu=2"]})
    assert "resources of the profile" not in judged(told, on_cpu, [H200])

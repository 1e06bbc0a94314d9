"""A run: it learns, stops and goes on as if it had not stopped, adapts by additions, rests where it is told to."""

import pytest
import torch

from samtrack.config.train_sam2 import TrainSam2Settings
from samtrack.errors import SettingsError
from samtrack.testing.networks import small_network
from samtrack.train.sam2_run import Run, clips_used
from samtrack.train.sam2_stream import clip_stream


def settings(**changes):
    base = {"steps": 4, "clips": 2, "cells": 3, "side_px": 64, "window_px": 64, "workers": 0, "warmup": 1, "rate": 2e-3}
    return TrainSam2Settings(**{**base, **changes})


@pytest.fixture(autouse=True)
def small_pool(monkeypatch):
    monkeypatch.setattr("samtrack.train.sam2_run.POOL", 4)


def losses_of(run, until=99):
    clips = clip_stream(1, 64, 3, 0, clips_used(run.step, run.settings))
    found = []
    for report in run.steps(clips):
        found.append(report.losses)
        if report.step == until:
            break
    return found


def test_a_stopped_run_goes_on_bit_for_bit():
    whole = Run(small_network(), settings(), torch.device("cpu"))
    expected = losses_of(whole)
    first = Run(small_network(), settings(), torch.device("cpu"))
    before = losses_of(first, until=2)
    second = Run(small_network(seed=5), settings(), torch.device("cpu"))
    second.load_state(first.state())
    assert before + losses_of(second) == expected
    for a, b in zip(whole.mean.parameters(), second.mean.parameters(), strict=True):
        assert torch.equal(a, b)


def test_it_learns_what_it_sees_again_and_again():
    run = Run(small_network(), settings(steps=25, reuse=2, clips=2, cells=6, points=False), torch.device("cpu"))
    found = losses_of(run)
    first, last = (sum(sum(r.values()) for r in part) / 4 for part in (found[:4], found[-4:]))
    assert last < 0.8 * first


def test_only_additions_learn_and_fold_into_plain_layers():
    plain = small_network()
    keys = set(plain.model.state_dict())
    run = Run(plain, settings(lora={"rank": 2}, outlines=False, points=False), torch.device("cpu"))
    learning = [name for name, p in run.student.named_parameters() if p.requires_grad]
    assert learning
    assert all("lora_" in name for name in learning)
    losses_of(run)
    folded = run.result()
    assert set(folded.state_dict()) == keys
    before = small_network().model.state_dict()
    changed = [k for k, v in folded.state_dict().items() if not torch.equal(v, before[k])]
    assert changed
    assert all(k.startswith(("memory_attention", "mask_decoder.transformer")) for k in changed)


def test_frozen_parts_rest():
    run = Run(small_network(), settings(frozen=["vision_encoder"]), torch.device("cpu"))
    losses_of(run)
    before = small_network().model.state_dict()
    after = run.result().state_dict()
    assert all(torch.equal(after[k], before[k]) for k in before if k.startswith("vision_encoder"))
    assert any(not torch.equal(after[k], before[k]) for k in before if k.startswith("mask_decoder"))


def test_an_unknown_part_cannot_be_frozen():
    with pytest.raises(SettingsError, match=r"no part 'vision'.*vision_encoder"):
        Run(small_network(), settings(frozen=["vision"]), torch.device("cpu"))


def test_measures_of_held_out_clips_are_shares():
    run = Run(small_network(), settings(), torch.device("cpu"))
    stream = clip_stream(3, 64, 2, 0)
    measures, lessons, seen = run.check([next(stream) for _ in range(4)])
    assert {"iou", "present", "absent", "points_iou"} == set(measures)
    assert all(0 <= v <= 1 or v != v for v in measures.values())
    assert len(lessons) == len(seen.carried[0].logits)

"""A run: it learns, stops and goes on as if it had not stopped, adapts by additions, rests where it is told to."""

from itertools import cycle, islice

import numpy as np
import pytest
import torch

from samtrack.config.train_sammed3d import TrainSamMed3DSettings
from samtrack.testing.networks import small_network3d
from samtrack.train.sammed3d_cubes import simulated_cubes, simulated_stream
from samtrack.train.sammed3d_run import Run, cubes_used


def settings(**changes):
    base = {"steps": 4, "prompts": 4, "warmup": 1, "rate": 2e-3, "pool": 3, "losses": {"outlines": 1.0}, "workers": 0}
    return TrainSamMed3DSettings(**{**base, **changes})


def run_of(seed=0, **changes):
    return Run(small_network3d(seed), settings(**changes), torch.device("cpu"))


@pytest.fixture(scope="module")
def cubes():
    return list(islice(simulated_stream(1, 32, 13.0, 0), 16))


def losses_of(run, cubes, until=99):
    stream = islice(cycle(cubes), cubes_used(run.step, run.settings), None)
    found = []
    for report in run.steps(c for c in stream):
        found.append(report.losses)
        if report.step == until:
            break
    return found


def test_a_stopped_run_goes_on_bit_for_bit(cubes):
    changes = {"accumulate": 2, "reuse": 3, "rounds": (1, 2)}
    whole = run_of(**changes)
    expected = losses_of(whole, cubes)
    first = run_of(**changes)
    before = losses_of(first, cubes, until=2)
    second = run_of(seed=5, **changes)
    second.load_state(first.state())
    assert before + losses_of(second, cubes) == expected
    for a, b in zip(whole.mean.parameters(), second.mean.parameters(), strict=True):
        assert torch.equal(a, b)


def test_it_learns_what_it_sees_again_and_again():
    few = simulated_cubes(2, 32, 13.0, 3)
    run = run_of(steps=40, repaint=0.0, rounds=(1,), rate=6e-3, mask_prompts=0.0)
    found = losses_of(run, few)
    first, last = (sum(r["cross_entropy"] + r["outlines"] for r in part) for part in (found[:4], found[-4:]))
    assert last < 0.75 * first


def test_measures_of_held_out_cubes_are_shares():
    measures, lessons, seen = run_of().check(simulated_cubes(2, 32, 13.0, 3))
    assert {"iou", "again_iou", "iou_error", "empty", "shown_iou"} == set(measures)
    assert all(0 <= value <= 1 for value in measures.values())
    assert len(lessons) == len(seen.logits[0])


def test_only_additions_learn_and_fold_into_plain_layers(cubes):
    keys = set(small_network3d().state_dict())
    run = run_of(lora={"rank": 2}, losses={"outlines": 0.0})
    learning = [name for name, p in run.student.named_parameters() if p.requires_grad]
    assert learning
    assert all("lora_" in name for name in learning)
    losses_of(run, cubes)
    folded, before = run.result().state_dict(), small_network3d().state_dict()
    assert set(folded) == keys
    changed = [k for k, v in folded.items() if not torch.equal(v, before[k])]
    assert any(k.startswith("image_encoder.blocks") for k in changed)
    assert all(k.startswith(("image_encoder.blocks", "mask_decoder.transformer")) for k in changed)


def test_frozen_parts_rest(cubes):
    run = run_of(frozen=["image_encoder"], losses={"outlines": 0.0})
    losses_of(run, cubes)
    before, after = small_network3d().state_dict(), run.result().state_dict()
    assert all(torch.equal(after[k], before[k]) for k in before if k.startswith("image_encoder"))
    assert any(not torch.equal(after[k], before[k]) for k in before if k.startswith("mask_decoder"))


def test_the_best_look_is_what_is_kept(cubes):
    run = run_of()
    losses_of(run, cubes, until=2)
    assert run.judge(0.5)
    kept = {k: v.clone() for k, v in run.mean.state_dict().items()}
    losses_of(run, cubes)
    assert not run.judge(0.4)
    again = run_of(seed=3)
    again.load_state(run.state())
    assert again.best.looks == 1
    assert all(torch.equal(v, kept[k]) for k, v in again.result().state_dict().items())


def test_no_cell_is_no_measure():
    nothing = simulated_cubes(2, 32, 13.0, 1)[0]
    empty = type(nothing)(nothing.image, np.zeros_like(nothing.labels), 0)
    with pytest.raises(RuntimeError, match="no held-out cube has a cell"):
        run_of(backgrounds=0).check([empty])

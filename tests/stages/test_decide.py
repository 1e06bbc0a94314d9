"""How often the decision is taken, and that the second one goes by what was judged again."""

import numpy as np
import pytest

from samtrack.config import build_config
from samtrack.link import measure_detections, propose_links, summarise
from samtrack.link.calibrate import load_default_model
from samtrack.stages import decide as stage
from samtrack.stages.decide import BY_PROBABILITY, decide
from samtrack.testing import division_at, merged_masks
from samtrack.types import Detections, Span


@pytest.fixture(params=[division_at, merged_masks], ids=["division", "merge"])
def proposed(request):
    """Detections of a situation, everything proposed for them, and what is typical."""
    made = request.param()
    frames = range(made.labels.n_frames)
    table = Detections.concatenate(
        [measure_detections(made.labels.read(t), t, made.scale, made.images.read(t)) for t in frames]
    )
    typical, settings = summarise(table), build_config({}).link
    core = Span(0, len(frames))
    return table, propose_links(made.images, made.labels, table, core, typical, settings), typical


@pytest.fixture
def solved(monkeypatch):
    """How many times tracks were solved for."""
    calls = []

    def counting(*arguments):
        calls.append(arguments)
        return solve(*arguments)

    solve = stage.solve_tracks
    monkeypatch.setattr(stage, "solve_tracks", counting)
    return calls


def take(proposed, **associate):
    table, tables, typical = proposed
    return decide(table, tables, typical, build_config({"associate": associate}), load_default_model())


@pytest.mark.parametrize("linker", BY_PROBABILITY)
def test_by_default_everything_is_judged_and_decided_again(proposed, solved, linker):
    decision = take(proposed, linker=linker)
    assert len(solved) == 2
    assert "again_first" in decision.links.feature_names
    assert "again_first" in decision.divisions.feature_names
    assert len(decision.solution.link_chosen) == len(decision.links)
    assert len(decision.solution.division_chosen) == len(decision.divisions)
    assert decision.merges is proposed[1][2]


def test_the_second_solve_is_of_the_proposals_as_judged_again(proposed, solved):
    decision = take(proposed)
    assert solved[0][1] is proposed[1][0]
    assert solved[1][1] is decision.links
    assert solved[1][2] is decision.divisions
    assert not np.array_equal(solved[0][1].score, solved[1][1].score)


@pytest.mark.parametrize(
    "associate", [{"second_look": False}, {"linker": "overlap"}, {"linker": "kalman"}], ids=["off", "overlap", "kalman"]
)
def test_one_decision_leaves_the_proposals_as_they_are(proposed, solved, associate):
    decision = take(proposed, **associate)
    assert len(solved) == 1
    assert (decision.links, decision.divisions, decision.merges) == proposed[1]

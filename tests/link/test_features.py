import numpy as np
import pytest

from samtrack.config.link import LinkSettings
from samtrack.link import measure_detections
from samtrack.link.candidates import find_candidates
from samtrack.link.cells import split_by_frame
from samtrack.link.division import DIVISION_FACTS, find_divisions
from samtrack.link.features import LINK_FACTS, FramePair, link_facts
from samtrack.link.motion import estimate_motion
from samtrack.link.overlap import LabelStore, measure_overlap
from samtrack.types import ArrayFrames, Scale


@pytest.fixture
def pair_of():
    """Two label frames (and images) as the linker sees them, with a gate of 30 voxels."""

    def build(frames, images=(None, None), radius=6.0):
        scale = Scale((1.0,) * frames[0].ndim)
        cells = [
            split_by_frame(measure_detections(f, 0, scale, i), [0])[0] for f, i in zip(frames, images, strict=True)
        ]
        motion = estimate_motion(*cells, radius, 30.0)
        found = find_candidates(motion, cells[1], LinkSettings(), 30.0)
        store = LabelStore(ArrayFrames(frames, scale))
        numbered = [store.read(t, cells[t]) for t in range(2)]
        step = np.rint(motion.expected_um - cells[0].centre_um).astype(np.int64)
        overlap = measure_overlap(*numbered, step, cells[1].size_um)
        return FramePair(*cells, motion, found, overlap, radius, 0)

    return build


def facts_by_pair(pair):
    """Facts of each link by the labels of its ends."""
    a, b = pair.candidates.pairs()
    rows = link_facts(pair)
    names = zip(pair.source.label[a].tolist(), pair.target.label[b].tolist(), strict=True)
    return {name: dict(zip(LINK_FACTS, row.tolist(), strict=True)) for name, row in zip(names, rows, strict=True)}


def test_facts_of_a_cell_that_stays_and_of_its_rival(pair_of, draw_balls):
    frame = draw_balls((60, 80), [(30, 20), (30, 44)], 6)
    facts = facts_by_pair(pair_of([frame, frame]))
    stays, rival = facts[1, 1], facts[1, 2]
    assert (stays["distance"], stays["iou"], stays["overlap"], stays["rank_of_target"]) == (0.0, 1.0, 1.0, 0.0)
    assert (rival["iou"], rival["overlap"], rival["rank_of_target"], rival["rank_of_source"]) == (0.0, 0.0, 1.0, 1.0)
    assert rival["distance"] == pytest.approx(24 / np.sqrt((frame == 1).sum() / np.pi), rel=1e-5)
    assert stays["margin_of_target"] == -rival["margin_of_target"] == pytest.approx(4.0)
    assert stays["iou_lead_of_source"] == -rival["iou_lead_of_source"] == 1.0
    assert (stays["size_gain"], stays["size_loss"], stays["gap"]) == (0.0, 0.0, 0.0)
    assert stays["border_of_source"] == pytest.approx(14 / 6)


def test_without_an_image_nothing_is_said_of_looks(pair_of, draw_balls):
    frame = draw_balls((60, 80), [(30, 20), (30, 44)], 6)
    stays = facts_by_pair(pair_of([frame, frame]))[1, 1]
    assert np.isnan(stays["intensity_oddness"])
    assert np.isnan(stays["texture_oddness"])


def test_a_flat_image_says_nothing_of_looks_either(pair_of, draw_balls):
    frame = draw_balls((60, 80), [(30, 20), (30, 44)], 6)
    flat = np.full(frame.shape, 100.0)
    stays = facts_by_pair(pair_of([frame, frame], (flat, flat)))[1, 1]
    assert np.isnan(stays["intensity_oddness"])


def test_a_lamp_that_gets_brighter_is_not_odd_but_one_cell_is(pair_of, draw_balls, rng):
    centres = [(y, x) for y in range(15, 120, 20) for x in range(15, 120, 20)]
    frame = draw_balls((130, 130), centres, 6)
    image = rng.normal(100, 5, frame.shape)
    brighter = image + 50
    brighter[frame == 8] += 60
    facts = facts_by_pair(pair_of([frame, frame], (image, brighter)))
    assert facts[1, 1]["intensity_oddness"] < 3
    assert facts[8, 8]["intensity_oddness"] == 10.0


@pytest.fixture
def split_cell(pair_of, draw_balls):
    """A cell that divides into two halves on both sides of it, beside one that stays; and the facts of each pair."""
    before = draw_balls((60, 100), [(30, 25), (30, 75)], 8)
    after = draw_balls((60, 100), [(30, 18), (30, 32), (30, 75)], 5.7)
    after[(before == 2)] = 3
    pair = pair_of([before, after], radius=8.0)
    found = find_divisions(pair, np.where(pair.candidates.is_real, 2.0, -8.0))
    names = [
        (int(pair.source.label[m]), *sorted(pair.target.label[pair.candidates.target[m, [a, b]]].tolist()))
        for m, a, b in zip(found.mother, found.column_a, found.column_b, strict=True)
    ]
    return {n: dict(zip(DIVISION_FACTS, row.tolist(), strict=True)) for n, row in zip(names, found.facts, strict=True)}


def test_facts_of_a_division(split_cell):
    facts = split_cell[1, 1, 2]
    assert facts["size_excess"] + facts["size_deficit"] < 0.1
    assert facts["size_asymmetry"] == pytest.approx(0.0, abs=1e-6)
    assert facts["midpoint"] == pytest.approx(0.0, abs=0.1)
    assert facts["opposite"] == pytest.approx(-1.0, abs=0.01)
    assert facts["daughters_smaller"] == pytest.approx(np.log(0.5), abs=0.1)
    assert (facts["evidence_more"], facts["evidence_less"]) == (2.0, 2.0)


def test_pairs_that_cannot_make_up_a_mother_are_not_proposed(split_cell):
    assert not any(3 in names[1:] and names[0] == 1 for names in split_cell)

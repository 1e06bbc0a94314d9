"""Two cells under one mask: which stories are told, and what their facts say."""

import numpy as np
import pytest

from samtrack.config.link import LinkSettings
from samtrack.link import propose_links, summarise
from samtrack.link.merge import MERGE_FACTS
from samtrack.testing import merged_masks
from samtrack.types import Scale, Span

ROLES = ("before_a", "before_b", "shared", "after_a", "after_b")
PLACES = [(20, 20), (20, 33), (60, 22), (62, 70), (24, 70), (84, 46)]


def stories(measure_movie, frames, scale):
    """All stories of a movie as ((frame, label), …) by role, and their facts by name."""
    labels, table = measure_movie(frames, scale)
    settings = LinkSettings(min_probability=0.0)
    _, _, merges = propose_links(None, labels, table, Span(0, len(frames)), summarise(table), settings)
    rows = np.stack([getattr(merges, role) for role in ROLES], axis=1)
    named = [tuple(zip(table.frame[r].tolist(), table.label[r].tolist(), strict=True)) for r in rows]
    facts = [dict(zip(MERGE_FACTS, f.tolist(), strict=False)) for f in merges.features]
    return dict(zip(named, facts, strict=True)), dict(zip(named, merges.score.tolist(), strict=True))


def drawn(draw_balls, shared_in, places=PLACES, n_frames=3, radius=7):
    """Cells that stand still; in some frames labels 1 and 2 are one mask."""
    frames = [draw_balls((96, 96), places, radius) for _ in range(n_frames)]
    for t in shared_in:
        frames[t][frames[t] == 2] = 1
    return frames


TRUE = ((0, 1), (0, 2), (1, 1), (2, 1), (2, 2))


def test_facts_of_a_shared_mask(draw_balls, measure_movie, micrometre_2d):
    facts, score = stories(measure_movie, drawn(draw_balls, [1]), micrometre_2d)
    told = facts[TRUE]
    for name in ("pair_excess", "pair_deficit", "move", "size_change", "pair_midpoint", "spread_oddness"):
        assert told[name] == pytest.approx(0, abs=0.02), name
    for name in ("covered", "inside_less", "inside_more"):
        assert told[name] == pytest.approx(1, abs=0.02), name
    assert told["over_larger"] == pytest.approx(np.log(2), abs=0.1)
    assert told["mask_size"] == pytest.approx(np.log(2), abs=0.1)
    assert told["pair_reach"] == pytest.approx(13 / 14, abs=0.04)  # the discs touch, so the second is cut
    # had they changed places, both would have moved 13 µm, 13 / 7 radii each
    assert told["crosswise"] == pytest.approx(26 / 7, abs=0.2)
    assert score[TRUE] > 0.9


def test_each_cell_goes_on_as_itself(draw_balls, measure_movie, micrometre_2d):
    """Labels say nothing: after the mask they are the other way round."""
    frames = drawn(draw_balls, [1])
    swapped = frames[2].copy()
    swapped[frames[2] == 1], swapped[frames[2] == 2] = 2, 1
    facts, _ = stories(measure_movie, [frames[0], frames[1], swapped], micrometre_2d)
    assert ((0, 1), (0, 2), (1, 1), (2, 2), (2, 1)) in facts
    assert TRUE not in facts


def test_unlike_cells_are_told_apart_by_their_size(draw_balls, measure_movie, micrometre_2d):
    """A large and a small cell turn by a right angle under the mask: both ways they move as far."""
    first, then = draw_balls((96, 96), PLACES, 5), draw_balls((96, 96), PLACES, 5)
    for frame, (large, small) in ((first, ((20, 20), (20, 32))), (then, ((14, 26), (26, 26)))):
        frame[(frame == 1) | (frame == 2)] = 0
        frame[draw_balls(frame.shape, [large], 8) > 0] = 1
        frame[draw_balls(frame.shape, [small], 4) > 0] = 2
    mask = first.copy()
    mask[mask == 2] = 1
    facts, _ = stories(measure_movie, [first, mask, then], micrometre_2d)
    assert TRUE in facts
    assert facts[TRUE]["size_change"] == pytest.approx(0, abs=0.01)


def test_a_mask_of_one_cell_beside_a_missed_one_is_not_a_shared_one(draw_balls, measure_movie, micrometre_2d):
    frames = drawn(draw_balls, [])
    frames[1][frames[1] == 2] = 0
    _, score = stories(measure_movie, frames, micrometre_2d)
    assert max(score.values(), default=0.0) < 0.1


def test_a_division_is_not_a_shared_mask(draw_balls, measure_movie, micrometre_2d):
    """The mother alone before: nobody else was there to share her mask."""
    frames = drawn(draw_balls, [0, 1])
    _, score = stories(measure_movie, frames, micrometre_2d)
    assert max(score.values(), default=0.0) < 0.1


def test_a_mask_that_stays_is_not_shared(draw_balls, measure_movie, micrometre_2d):
    _, score = stories(measure_movie, drawn(draw_balls, [1, 2]), micrometre_2d)
    assert max(score.values(), default=0.0) < 0.1


def test_rivals_speak_against_it(draw_balls, measure_movie, micrometre_2d):
    """A third cell that could be the mask's past, and cells that can be seen elsewhere."""
    alone, _ = stories(measure_movie, drawn(draw_balls, [1]), micrometre_2d)
    frames = drawn(draw_balls, [1])
    frames[1][draw_balls((96, 96), [(33, 33)], 6) > 0] = 9  # near to where cell 2 was
    other, _ = stories(measure_movie, frames, micrometre_2d)
    assert alone[TRUE]["other_future"] < other[TRUE]["other_future"]
    assert alone[TRUE]["other_past"] < other[TRUE]["other_past"]


@pytest.mark.parametrize("n_cells", [0, 1, 2])
def test_few_cells(draw_balls, measure_movie, micrometre_2d, n_cells):
    frames = drawn(draw_balls, [1], PLACES[:n_cells])
    facts, _ = stories(measure_movie, frames, micrometre_2d)
    assert len(facts) == (n_cells == 2)


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_named_situation(measure_movie, ndim):
    """Cells of radius 4.5 µm that come from 12 µm away: the model cannot be sure, but it sees the story."""
    movie = merged_masks(ndim)
    frames = [movie.labels.read(t).astype(np.uint32) for t in range(movie.labels.n_frames)]
    facts, score = stories(measure_movie, frames, movie.scale)
    best = max(score, key=score.get)
    assert best[2][0] == 2
    assert len({label for frame, label in best if frame == 1}) == 2
    assert np.isfinite(list(facts[best].values())).all()


def test_tables_of_other_scales_give_equal_facts(draw_balls, measure_movie):
    frames = drawn(draw_balls, [1])
    one, _ = stories(measure_movie, frames, Scale((1.0, 1.0)))
    two, _ = stories(measure_movie, frames, Scale((2.0, 2.0)))
    assert one == two

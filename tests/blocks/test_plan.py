"""Blocks along time: the cores tile the movie, each block reads its core and no further than allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.blocks import blocks_covering, plan_blocks
from samtrack.errors import PlanError
from samtrack.types import Span

LENGTHS = st.integers(1, 400)
MARGINS = st.integers(0, 12)


@given(LENGTHS, LENGTHS, MARGINS, MARGINS)
def test_cores_tile_the_movie_exactly_once(n_frames: int, frames: int, before: int, after: int) -> None:
    blocks = plan_blocks(n_frames, frames, before, after)
    assert [f for block in blocks for f in block.core.frames()] == list(range(n_frames))
    assert [block.index for block in blocks] == list(range(len(blocks)))
    assert all(len(block.core) == frames for block in blocks[:-1])
    assert 1 <= len(blocks[-1].core) <= frames


@given(LENGTHS, LENGTHS, MARGINS, MARGINS)
def test_read_spans_are_the_core_grown_and_cut_at_the_ends(n: int, frames: int, before: int, after: int) -> None:
    for block in plan_blocks(n, frames, before, after):
        wanted = [f for f in range(block.core.start - before, block.core.stop + after) if 0 <= f < n]
        assert list(block.read.frames()) == wanted


@given(LENGTHS, LENGTHS)
def test_block_names_differ_and_sort_in_time(n_frames: int, frames: int) -> None:
    names = [block.name for block in plan_blocks(n_frames, frames)]
    assert len(set(names)) == len(names)
    assert names == sorted(names)


@given(LENGTHS, LENGTHS, st.data())
def test_blocks_covering_a_span_hold_all_of_it_and_nothing_needless(n: int, frames: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, n - 1))
    span = Span(start, data.draw(st.integers(start + 1, n)))
    blocks = plan_blocks(n, frames)
    chosen = blocks_covering(blocks, span)
    assert {f for block in chosen for f in block.core.frames()} >= set(span.frames())
    assert all(set(block.core.frames()) & set(span.frames()) for block in chosen)


def test_a_block_longer_than_the_movie_is_the_movie() -> None:
    (block,) = plan_blocks(7, 25, before=3, after=3)
    assert block.core == block.read == Span(0, 7)
    assert block.name == "00000-00007"


@pytest.mark.parametrize("wrong", [(0, 5, 0, 0), (5, 0, 0, 0), (5, 5, -1, 0), (5, 5, 0, -1)])
def test_impossible_plans_are_refused_with_their_numbers(wrong: tuple[int, int, int, int]) -> None:
    n_frames, frames, _, _ = wrong
    with pytest.raises(PlanError, match=f"cannot cut {n_frames} frames into blocks of {frames}"):
        plan_blocks(*wrong)

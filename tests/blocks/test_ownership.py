"""Every frame has one owner, and a stage reads exactly the frames on which its output depends."""

from hypothesis import given
from hypothesis import strategies as st

from samtrack.blocks import frames_read_by, plan_blocks
from samtrack.types import Span


@given(st.integers(1, 300), st.integers(1, 60))
def test_every_frame_has_exactly_one_owner(n_frames: int, frames: int) -> None:
    blocks = plan_blocks(n_frames, frames, before=2, after=2)
    for frame in range(n_frames):
        assert sum(frame in block.core for block in blocks) == 1


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 5))
def test_link_reads_the_targets_of_its_sources(n_frames: int, frames: int, gap: int) -> None:
    """A link from frame s may end in s + 1 … s + 1 + gap; all of these inside the movie must be read."""
    for block in plan_blocks(n_frames, frames):
        read = frames_read_by(block.core, n_frames, gap)["link"]
        targets = {t for s in block.core.frames() for t in range(s + 1, s + gap + 2) if t < n_frames}
        assert set(read.frames()) >= targets | set(block.core.frames())
        assert read.start >= 0
        assert read.stop <= n_frames


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 5), st.integers(0, 3))
def test_fill_reads_the_observations_on_both_sides_of_a_gap(n_frames: int, frames: int, gap: int, more: int) -> None:
    """A filled frame f lies inside a gap of at most `gap + more` frames, so its ends lie within as many frames of f."""
    for block in plan_blocks(n_frames, frames):
        read = frames_read_by(block.core, n_frames, gap, long_gap_frames=more)["fill"]
        reach = range(-gap - more, gap + more + 1)
        ends = {f + step for f in block.core.frames() for step in reach if 0 <= f + step < n_frames}
        assert set(read.frames()) >= ends
        assert read.start >= 0
        assert read.stop <= n_frames


def test_reach_in_numbers() -> None:
    assert frames_read_by(Span(10, 20), 100, 2) == {
        "propagate": Span(10, 21),
        "link": Span(10, 23),
        "fill": Span(7, 23),
    }
    assert frames_read_by(Span(10, 20), 100, 2, propagate_frames=3)["propagate"] == Span(10, 23)
    assert frames_read_by(Span(10, 20), 100, 2, long_gap_frames=2)["fill"] == Span(5, 25)
    assert frames_read_by(Span(90, 100), 100, 2) == {
        "propagate": Span(90, 100),
        "link": Span(90, 100),
        "fill": Span(87, 100),
    }

"""Scale, spans, boxes and blocks: what they refuse, and the laws they keep."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.types import Block, Box, Scale, Span

SPANS = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda t: Span(min(t), max(t)))
CORNERS = st.lists(st.tuples(st.integers(-10, 20), st.integers(0, 12)), min_size=2, max_size=3)


def box_of(corners: list[tuple[int, int]]) -> Box:
    """A box from (start, length) per axis."""
    return Box(tuple(a for a, _ in corners), tuple(a + n for a, n in corners))


class TestScale:
    @pytest.mark.parametrize("sizes", [(), (1.0,), (1.0, 1.0, 1.0, 1.0)])
    def test_has_two_or_three_axes(self, sizes: tuple[float, ...]) -> None:
        with pytest.raises(ValueError, match=f"has {len(sizes)} values, expected 2"):
            Scale(sizes)

    @pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan, math.inf])
    def test_is_positive_and_finite(self, wrong: float) -> None:
        with pytest.raises(ValueError, match="positive and finite"):
            Scale((1.0, wrong))
        with pytest.raises(ValueError, match="positive and finite"):
            Scale((1.0, 1.0), minutes_per_frame=wrong)

    def test_sizes_and_radii(self) -> None:
        flat, deep = Scale((0.5, 2.0)), Scale((4.0, 0.5, 0.5))
        assert (flat.ndim, deep.ndim) == (2, 3)
        assert (flat.size_per_voxel, deep.size_per_voxel) == (1.0, 1.0)
        assert flat.radius_um(math.pi * 9) == pytest.approx(3.0)
        assert deep.radius_um(4 / 3 * math.pi * 27) == pytest.approx(3.0)
        assert deep.voxel_um.tolist() == [4.0, 0.5, 0.5]

    def test_cannot_be_changed_and_counts_as_a_key(self) -> None:
        scale = Scale(np.array([1, 2]))  # arrays and integers become plain floats
        assert scale.um_per_voxel == (1.0, 2.0)
        assert {scale: "a"}[Scale((1.0, 2.0))] == "a"
        with pytest.raises(dataclasses.FrozenInstanceError):
            scale.minutes_per_frame = 3.0


class TestSpan:
    @pytest.mark.parametrize(("start", "stop"), [(-1, 2), (3, 2)])
    def test_is_ordered_and_not_negative(self, start: int, stop: int) -> None:
        with pytest.raises(ValueError, match=f"found {start} and {stop}"):
            Span(start, stop)

    @given(SPANS, SPANS)
    def test_is_the_set_of_its_frames(self, one: Span, other: Span) -> None:
        frames = set(one.frames())
        assert len(one) == len(frames)
        assert {f for f in range(-1, 32) if f in one} == frames
        assert one.overlaps(other) == bool(frames & set(other.frames())) == other.overlaps(one)


class TestBox:
    @pytest.mark.parametrize(("start", "stop"), [((0, 3), (2, 2)), ((0, 0), (1, 1, 1))])
    def test_is_ordered_on_each_axis(self, start: tuple[int, ...], stop: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match=r"start <= stop|argument 2"):
            Box(start, stop)

    @given(CORNERS, st.data())
    def test_clipped_is_the_part_inside(self, corners: list[tuple[int, int]], data: st.DataObject) -> None:
        box = box_of(corners)
        shape = tuple(data.draw(st.integers(1, 15)) for _ in corners)
        clipped = box.clipped(shape)
        marked = np.zeros(shape, dtype=bool)
        marked[clipped.slices] = True
        inside = np.ones(shape, dtype=bool)
        for axis, (a, b) in enumerate(zip(box.start, box.stop, strict=True)):
            index = np.arange(shape[axis])
            along = [1] * len(shape)
            along[axis] = shape[axis]
            inside &= ((index >= a) & (index < b)).reshape(along)
        assert np.array_equal(marked, inside)
        assert marked[clipped.slices].shape == clipped.shape
        assert clipped.clipped(shape) == clipped

    @given(CORNERS, st.integers(0, 5))
    def test_grown_adds_the_margin_and_stays_inside(self, corners: list[tuple[int, int]], margin: int) -> None:
        box = box_of(corners)
        shape = (40,) * len(corners)
        same_per_axis = (margin,) * len(corners)
        assert box.grown(margin, shape) == box.grown(same_per_axis, shape)
        wanted = Box(tuple(a - margin for a in box.start), tuple(b + margin for b in box.stop)).clipped(shape)
        assert box.grown(margin, shape) == wanted

    def test_holds_plain_integers(self) -> None:
        box = Box(np.array([1, 2]), np.array([3, 5]))
        assert box == Box((1, 2), (3, 5))
        assert all(type(v) is int for v in (*box.start, *box.stop))
        assert box.shape == (2, 3)


class TestBlock:
    @pytest.mark.parametrize("read", [Span(3, 8), Span(2, 5)])
    def test_reads_its_core(self, read: Span) -> None:
        with pytest.raises(ValueError, match="lies outside of read"):
            Block(0, Span(2, 6), read)

    def test_name_holds_first_frame_and_stop(self) -> None:
        assert Block(1, Span(25, 50), Span(24, 53)).name == "00025-00050"

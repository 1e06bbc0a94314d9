"""The named situations. Each is a function; its docstring draws the frames from left to right, one column per frame.

A letter is a cell, a capital letter a cell whose mask is missing, ``a=b`` two cells under one mask. A character stands for
6 x 6 voxels; `samtrack.testing.drawings` reads the drawing and makes the movie, so the picture cannot lie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from samtrack.testing.drawings import Situation, build_situation, drawing_of
from samtrack.types import Scale


def _cubes(ndim: int) -> Scale:
    """Voxels of one micrometre."""
    return Scale((1.0,) * ndim, 5.0)


def two_cells_apart(ndim: int = 2) -> Situation:
    """Two cells far from each other that move a little.

    .........   .........   .........
    .a.......   .a.......   ..a......
    .........   .........   .........
    ......b..   .....b...   .....b...
    .........   .........   .........
    """
    return build_situation("two_cells_apart", drawing_of(two_cells_apart), {}, _cubes(ndim))


def crossing(ndim: int = 2) -> Situation:
    """Two cells pass each other; in the middle frame they are nearest, and neither overlaps its own past.

    ...........   ...........   ...........   ...........   ...........
    .a.........   ...a.......   .....a.....   .......a...   .........a.
    ...........   ...........   ...........   ...........   ...........
    .........b.   .......b...   .....b.....   ...b.......   .b.........
    ...........   ...........   ...........   ...........   ...........
    """
    return build_situation("crossing", drawing_of(crossing), {}, _cubes(ndim))


def division_at(frame: int = 2, ndim: int = 2) -> Situation:
    """The mother m is last seen in the frame before ``frame``, her daughters x and y first in it; two frames follow.

    The first column stands for all frames before ``frame`` (one at least).

        .........   .........   .........   .........
        .........   .........   .........   .........
        ....m....   ...x.y...   ..x...y..   ..x...y..
        .........   .........   .........   .........
        .........   .........   .........   .........
    """
    if frame < 1:
        raise ValueError(f"a division in frame {frame} has no mother before it; give 1 or more")
    drawing = drawing_of(division_at).frames([0] * frame + [1, 2, 3])
    return build_situation("division_at", drawing, {"x": "m", "y": "m"}, _cubes(ndim))


def missing_mask_at(frame: int = 2, ndim: int = 2) -> Situation:
    """The mask of cell a is missing in ``frame``; before and after it all is well. Two frames follow.

    The first column stands for all frames before ``frame`` (one at least), the second is ``frame``.

        ........   ........   ........   ........
        .a......   .A......   .a......   ..a.....
        ........   ........   ........   ........
        .....b..   .....b..   .....b..   .....b..
        ........   ........   ........   ........
    """
    if frame < 1:
        raise ValueError(f"a mask missing in frame {frame} is no gap; give 1 or more")
    drawing = drawing_of(missing_mask_at).frames([0] * frame + [1, 2, 3])
    return build_situation("missing_mask_at", drawing, {}, _cubes(ndim))


def merged_masks(ndim: int = 2) -> Situation:
    """Two cells come near each other, share one mask in the third frame, and part again.

    ..........   ..........   ..........   ..........   ..........
    ..........   ..........   ..........   ..........   ..........
    .a......b.   ..a....b..   ...a=b....   ..a....b..   .a......b.
    ..........   ..........   ..........   ..........   ..........
    ..........   ..........   ..........   ..........   ..........
    """
    return build_situation("merged_masks", drawing_of(merged_masks), {}, _cubes(ndim))


def enters_and_leaves(ndim: int = 2) -> Situation:
    """Cell a leaves over the right edge, comes back after one frame (as c, whose parent is a); b enters from the left.

    ........   ........   ........   ........   ........
    .....a..   .......a   ........   .......c   .....c..
    ........   ........   ........   ........   ........
    ........   b.......   b.......   ..b.....   ...b....
    ........   ........   ........   ........   ........
    """
    return build_situation("enters_and_leaves", drawing_of(enters_and_leaves), {"c": "a"}, _cubes(ndim))


def touching_block_border(ndim: int = 2) -> Situation:
    """Seams everywhere: cell m lies across the middle of the picture, where two tiles meet, and divides in frame 2,
    where blocks of two frames meet; a crosses from one half to the other at the same time.

        ..........   ..........   ..........   ..........
        ..a.......   ...a......   .....a....   ......a...
        ..........   ..........   ..........   ..........
        ..........   ..........   ..........   ..........
        ....m.....   .....m....   ....x.y...   ...x...y..
        ..........   ..........   ..........   ..........
    """
    return build_situation(
        "touching_block_border", drawing_of(touching_block_border), {"x": "m", "y": "m"}, _cubes(ndim)
    )


def empty_frame(ndim: int = 2) -> Situation:
    """No cell has a mask in the second frame, and none is there in the last.

    .......   .......   .......   .......
    .a...b.   .A...B.   .a...b.   .......
    .......   .......   .......   .......
    """
    return build_situation("empty_frame", drawing_of(empty_frame), {}, _cubes(ndim))


def single_frame(ndim: int = 2) -> Situation:
    """A movie of one frame.

    .......
    .a...b.
    .......
    """
    return build_situation("single_frame", drawing_of(single_frame), {}, _cubes(ndim))


def anisotropic(ndim: int = 3) -> Situation:
    """Voxels four times as long along z (in 2D: along y) as along x; a cell that divides beside one that does not.

    .........   .........   .........   .........
    .m.....b.   .m.....b.   x.y....b.   x.y....b.
    .........   .........   .........   .........
    """
    scale = Scale((4.0, 1.0, 1.0) if ndim == 3 else (4.0, 1.0), 5.0)
    return build_situation("anisotropic", drawing_of(anisotropic), {"x": "m", "y": "m"}, scale)


SITUATIONS: Mapping[str, Callable[..., Situation]] = MappingProxyType(
    {
        f.__name__: f
        for f in (
            two_cells_apart,
            crossing,
            division_at,
            missing_mask_at,
            merged_masks,
            enters_and_leaves,
            touching_block_border,
            empty_frame,
            single_frame,
            anisotropic,
        )
    }
)
"""All situations by name; each takes ``ndim``."""

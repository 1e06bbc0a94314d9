"""Frames that are read once where they are small, and box by box where they are not."""

from __future__ import annotations

from samtrack.blocks import Reader, is_small, whole_box


def held(read: Reader, shape: tuple[int, ...]) -> Reader:
    """The same reader; a small frame is read once."""
    if not is_small(shape):
        return read
    whole = read(whole_box(shape))
    return lambda box: whole[box.slices]

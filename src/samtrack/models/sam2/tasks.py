"""Work for a network that comes in small pieces, cut and put together to calls of a good size.

A volume has many planes with a few cells each. A call costs as much for four cells as for twelve, so cells of several
planes share one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from samtrack.models.sam2.windows import Ints

if TYPE_CHECKING:
    from samtrack.models.sam2.adapter import Picture
    from samtrack.models.sam2.network import Memory


@dataclass(frozen=True, slots=True)
class Known:
    """Cells of one picture whose masks are known: those of ``label`` (n,) in the plane ``labels``."""

    picture: Picture
    labels: npt.NDArray[Any]
    label: npt.NDArray[Any]
    corner: Ints


@dataclass(frozen=True, slots=True)
class Sought:
    """Remembered cells that are looked for in a picture; ``memories``: how many frames ago (≥ 1), what is remembered."""

    memories: Sequence[tuple[int, Memory]]
    picture: Picture
    corner: Ints


def shared_calls(sizes: Sequence[int], most: int) -> list[list[tuple[int, slice]]]:
    """Calls of at most ``most`` cells, each a list of (task, part of its cells), in the order of the tasks."""
    calls: list[list[tuple[int, slice]]] = []
    room = 0
    for task, size in enumerate(sizes):
        start = 0
        while start < size:
            if room == 0:
                calls.append([])
                room = most
            stop = min(start + room, size)
            calls[-1].append((task, slice(start, stop)))
            room -= stop - start
            start = stop
    return calls


def pieces(sizes: Sequence[int]) -> list[slice]:
    """Where parts of these sizes lie when they stand one after the other."""
    stops = list(accumulate(sizes))
    return [slice(stop - size, stop) for stop, size in zip(stops, sizes, strict=True)]

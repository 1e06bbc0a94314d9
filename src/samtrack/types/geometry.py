"""Where and how large: physical scale, spans of frames, boxes of voxels, blocks of work."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Scale:
    """Micrometres per voxel along (z)yx and minutes per frame: the only home of physical units.

    ``is_calibrated`` is False where nobody said what a voxel measures: lengths are then in voxels, called micrometres.
    """

    um_per_voxel: tuple[float, ...]
    minutes_per_frame: float = 1.0
    is_calibrated: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "um_per_voxel", tuple(float(v) for v in self.um_per_voxel))
        if len(self.um_per_voxel) not in (2, 3):
            raise ValueError(f"um_per_voxel has {len(self.um_per_voxel)} values, expected 2 (y, x) or 3 (z, y, x)")
        if not all(math.isfinite(v) and v > 0 for v in (*self.um_per_voxel, self.minutes_per_frame)):
            raise ValueError(f"scale must be positive and finite, found {self}")

    @property
    def ndim(self) -> int:
        """Number of spatial axes, 2 or 3."""
        return len(self.um_per_voxel)

    @property
    def voxel_um(self) -> npt.NDArray[np.float64]:
        """Micrometres per voxel as an array, (z)yx."""
        return np.asarray(self.um_per_voxel, dtype=np.float64)

    @property
    def size_per_voxel(self) -> float:
        """Size of one voxel: square micrometres in 2D, cubic micrometres in 3D."""
        return float(np.prod(self.um_per_voxel))

    def radius_um(self, size_um: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Radius of the disc (2D) or ball (3D) of the given size, in micrometres."""
        size = np.asarray(size_um, dtype=np.float64)
        return np.sqrt(size / math.pi) if self.ndim == 2 else np.cbrt(size * 3 / (4 * math.pi))


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Frames ``start`` to ``stop`` (half-open)."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.stop:
            raise ValueError(f"a span needs 0 <= start <= stop, found {self.start} and {self.stop}")

    def __len__(self) -> int:
        return self.stop - self.start

    def __contains__(self, frame: int) -> bool:
        return self.start <= frame < self.stop

    def frames(self) -> range:
        """The frames of the span, in order."""
        return range(self.start, self.stop)

    def overlaps(self, other: Span) -> bool:
        """Whether the two spans share a frame."""
        return max(self.start, other.start) < min(self.stop, other.stop)


@dataclass(frozen=True, slots=True)
class Box:
    """Voxels ``start`` to ``stop`` (half-open), (z)yx."""

    start: tuple[int, ...]
    stop: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", tuple(int(v) for v in self.start))
        object.__setattr__(self, "stop", tuple(int(v) for v in self.stop))
        if len(self.start) != len(self.stop) or any(b < a for a, b in zip(self.start, self.stop, strict=True)):
            raise ValueError(f"a box needs start <= stop on each axis, found {self.start} and {self.stop}")

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of voxels per axis."""
        return tuple(b - a for a, b in zip(self.start, self.stop, strict=True))

    @property
    def slices(self) -> tuple[slice, ...]:
        """The box as an index into an array."""
        return tuple(slice(a, b) for a, b in zip(self.start, self.stop, strict=True))

    def clipped(self, shape: tuple[int, ...]) -> Box:
        """The part of the box inside an array of the given shape (empty if there is none)."""
        start = tuple(min(max(a, 0), n) for a, n in zip(self.start, shape, strict=True))
        stop = tuple(max(min(b, n), a) for a, b, n in zip(start, self.stop, shape, strict=True))
        return Box(start, stop)

    def grown(self, margin: int | tuple[int, ...], shape: tuple[int, ...]) -> Box:
        """The box with ``margin`` voxels more on every side, inside an array of the given shape."""
        margins = (margin,) * len(self.start) if isinstance(margin, int) else margin
        start = tuple(a - m for a, m in zip(self.start, margins, strict=True))
        stop = tuple(b + m for b, m in zip(self.stop, margins, strict=True))
        return Box(start, stop).clipped(shape)


@dataclass(frozen=True, slots=True)
class Block:
    """A unit of work along time: it writes the frames of ``core`` and may read those of ``read``."""

    index: int
    core: Span
    read: Span

    def __post_init__(self) -> None:
        if not (self.read.start <= self.core.start and self.core.stop <= self.read.stop):
            raise ValueError(f"core {self.core} lies outside of read {self.read}")

    @property
    def name(self) -> str:
        """The block's name in file names: first frame and stop of its core, ``00000-00025``."""
        return f"{self.core.start:05d}-{self.core.stop:05d}"

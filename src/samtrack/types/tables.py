"""The columnar tables: detections, proposed links, divisions and merges, decided tracks.

In memory a detection is its row; on disk its key is the pair (frame, label), so that the tables of blocks can be joined.
All arrays are made read-only when a table is built; every table checks itself then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def _freeze(table: Any, dtypes: dict[str, str]) -> None:
    """Convert each named column of a frozen dataclass to its dtype and make it read-only."""
    for name, dtype in dtypes.items():
        column = np.ascontiguousarray(getattr(table, name), dtype=dtype)
        if column is getattr(table, name) and column.flags.writeable:
            column = column.view()
        column.flags.writeable = False
        object.__setattr__(table, name, column)


def _require_length(table: Any, n: int, names: Sequence[str]) -> None:
    """Raise unless every named column has ``n`` rows."""
    for name in names:
        if len(getattr(table, name)) != n:
            raise ValueError(f"{type(table).__name__}.{name} has {len(getattr(table, name))} rows, expected {n}")


@dataclass(frozen=True, slots=True)
class Detections:
    """Every object of every frame, sorted by (frame, label); the pair is unique.

    ``centroid_um`` is (n, ndim) in (z)yx; ``size_um`` is an area (2D) or a volume (3D); boxes are voxels, half-open.
    ``neighbour_um`` is the distance to the nearest other centroid of the frame (infinite for a lone cell).
    ``border_um`` is the distance from the object's box to the nearest edge of the image. ``elongation`` is the ratio of
    the largest to the smallest principal standard deviation of the object's voxels (1 for a disc or ball). ``spread`` is
    the mean squared distance of the voxels from the centroid over that of a disc or ball of equal size (1 if compact,
    more if ragged or split).
    ``origin`` is the value of `Origin`.
    """

    frame: Ints
    label: Ints
    centroid_um: Floats
    size_um: Floats
    box_start: Ints
    box_stop: Ints
    intensity: Floats
    intensity_sd: Floats
    elongation: Floats
    spread: Floats
    neighbour_um: Floats
    border_um: Floats
    origin: Ints

    def __post_init__(self) -> None:
        n = len(self.frame)
        _freeze(self, {f.name: "i8" if f.name in _INT_COLUMNS else "f8" for f in fields(self)})
        _require_length(self, n, [f.name for f in fields(self)])
        if self.centroid_um.ndim != 2 or self.centroid_um.shape != self.box_start.shape != self.box_stop.shape:
            raise ValueError(f"centroids and boxes must be (n, ndim), found {self.centroid_um.shape}")
        if n and (self.frame.min() < 0 or self.label.min() < 1):
            raise ValueError("frames start at 0 and labels at 1")
        step_frame, step_label = np.diff(self.frame), np.diff(self.label)
        if np.any((step_frame < 0) | ((step_frame == 0) & (step_label <= 0))):
            raise ValueError("detections must be sorted by (frame, label), each pair once")
        if n and not (np.isfinite(self.centroid_um).all() and (self.size_um > 0).all()):
            raise ValueError("centroids must be finite and sizes positive")

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return int(self.centroid_um.shape[1])

    def rows_of(self, frame: npt.ArrayLike, label: npt.ArrayLike) -> Ints:
        """Row of each (frame, label) pair; -1 where there is no such detection."""
        span = int(max(self.label.max(initial=0), np.max(label, initial=0))) + 1
        keys = self.frame * span + self.label
        wanted = np.asarray(frame, dtype=np.int64) * span + np.asarray(label, dtype=np.int64)
        at = np.searchsorted(keys, wanted)
        found = at < len(keys)
        found[found] = keys[at[found]] == wanted[found]
        return np.where(found, at, -1)

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """The given rows (integers in increasing order, or a boolean mask)."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @classmethod
    def concatenate(cls, tables: Sequence[Self]) -> Self:
        """Tables of consecutive blocks as one."""
        if not tables:
            raise ValueError("nothing to concatenate")
        return cls(**{f.name: np.concatenate([getattr(t, f.name) for t in tables]) for f in fields(cls)})

    @classmethod
    def empty(cls, ndim: int) -> Self:
        """A table without rows, for ``ndim`` spatial axes."""
        wide = {"centroid_um", "box_start", "box_stop"}
        columns: dict[str, Any] = {f.name: np.zeros((0, ndim) if f.name in wide else 0) for f in fields(cls)}
        return cls(**columns)


_INT_COLUMNS = {"frame", "label", "box_start", "box_stop", "origin"}


@dataclass(frozen=True, slots=True)
class Links:
    """Proposals "the source is the target's past": rows of one `Detections`, each with a probability.

    ``features`` is (n, len(feature_names)) float32: what the probability was computed from.
    """

    source: Ints
    target: Ints
    score: Floats
    origin: Ints
    features: npt.NDArray[np.float32]
    feature_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _freeze(self, {"source": "i8", "target": "i8", "score": "f8", "origin": "i8", "features": "f4"})
        _require_length(self, len(self.source), ["target", "score", "origin", "features"])
        _require_probabilities(self.score)
        if self.features.shape != (len(self.source), len(self.feature_names)):
            raise ValueError(f"features are {self.features.shape}, expected {len(self.feature_names)} columns")

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """The given rows (integers, or a boolean mask)."""
        columns = {name: getattr(self, name)[rows] for name in ("source", "target", "score", "origin", "features")}
        return type(self)(**columns, feature_names=self.feature_names)

    def require_forward(self, frame: Ints) -> None:
        """Raise unless every link goes forward in time, given the frame of each detection."""
        if np.any(frame[self.source] >= frame[self.target]):
            raise ValueError("a link must go from an earlier frame to a later one")


@dataclass(frozen=True, slots=True)
class Divisions:
    """Proposals "the mother divided into these two": rows of one `Detections`, each pair with a probability."""

    mother: Ints
    daughter_a: Ints
    daughter_b: Ints
    score: Floats
    features: npt.NDArray[np.float32]
    feature_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _freeze(self, {"mother": "i8", "daughter_a": "i8", "daughter_b": "i8", "score": "f8", "features": "f4"})
        _require_length(self, len(self.mother), ["daughter_a", "daughter_b", "score", "features"])
        _require_probabilities(self.score)
        if np.any(self.daughter_a == self.daughter_b):
            raise ValueError("a division needs two different daughters")
        if self.features.shape != (len(self.mother), len(self.feature_names)):
            raise ValueError(f"features are {self.features.shape}, expected {len(self.feature_names)} columns")

    def __len__(self) -> int:
        return len(self.mother)

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """The given rows (integers, or a boolean mask)."""
        columns = {name: getattr(self, name)[rows] for name in ("mother", "daughter_a", "daughter_b")}
        return type(self)(
            **columns, score=self.score[rows], features=self.features[rows], feature_names=self.feature_names
        )


@dataclass(frozen=True, slots=True)
class Merges:
    """Proposals "these two cells share one mask for a frame": rows of one `Detections`, each with a probability.

    ``before_a`` and ``before_b`` are the two cells in the frame before the mask ``shared``, ``after_a`` and ``after_b``
    the same two cells in the frame after it.
    """

    before_a: Ints
    before_b: Ints
    shared: Ints
    after_a: Ints
    after_b: Ints
    score: Floats
    features: npt.NDArray[np.float32]
    feature_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _freeze(self, dict.fromkeys(MERGE_ROLES, "i8") | {"score": "f8", "features": "f4"})
        _require_length(self, len(self.shared), [*MERGE_ROLES, "score", "features"])
        _require_probabilities(self.score)
        if np.any((self.before_a == self.before_b) | (self.after_a == self.after_b)):
            raise ValueError("a merge needs two different cells before it and two after it")
        if self.features.shape != (len(self.shared), len(self.feature_names)):
            raise ValueError(f"features are {self.features.shape}, expected {len(self.feature_names)} columns")

    def __len__(self) -> int:
        return len(self.shared)

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """The given rows (integers, or a boolean mask)."""
        columns = {name: getattr(self, name)[rows] for name in (*MERGE_ROLES, "score", "features")}
        return type(self)(**columns, feature_names=self.feature_names)

    @classmethod
    def concatenate(cls, tables: Sequence[Self]) -> Self:
        """Tables of the same facts as one."""
        columns = {n: np.concatenate([getattr(t, n) for t in tables]) for n in (*MERGE_ROLES, "score", "features")}
        return cls(**columns, feature_names=tables[0].feature_names)

    @classmethod
    def none(cls, feature_names: tuple[str, ...] = ()) -> Self:
        """A table without rows."""
        columns: dict[str, Any] = {name: np.zeros(0, dtype=np.int64) for name in (*MERGE_ROLES, "score")}
        return cls(**columns, features=np.zeros((0, len(feature_names)), np.float32), feature_names=feature_names)


MERGE_ROLES = ("before_a", "before_b", "shared", "after_a", "after_b")
"""The columns of `Merges` that name detections."""


@dataclass(frozen=True, slots=True)
class Edges:
    """What a linker decided: rows of one `Detections`, each ``target`` the future of its ``source``; each pair once.

    A detection with two edges out of it divides. No probability, no feature: those are of `Links`, which are proposals.
    """

    source: Ints
    target: Ints

    def __post_init__(self) -> None:
        _freeze(self, {"source": "i8", "target": "i8"})
        _require_length(self, len(self.source), ["target"])

    def __len__(self) -> int:
        return len(self.source)


def _require_probabilities(score: Floats) -> None:
    if len(score) and not (np.isfinite(score).all() and score.min() >= 0 and score.max() <= 1):
        raise ValueError("scores are probabilities between 0 and 1")


@dataclass(frozen=True, slots=True)
class Tracks:
    """Who is who: the track of each detection (0: rejected) and one row per track.

    Tracks are numbered 1..n in order of (first frame, position); ``parent`` is 0 or a track that ends before this one
    starts. A track may have gaps: frames between first and last without a detection. ``is_followed`` says which tracks are
    wanted in the result (None: all); the others are real cells all the same.
    """

    track_of: Ints
    track: Ints
    first_frame: Ints
    last_frame: Ints
    parent: Ints
    is_followed: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        _freeze(self, {f.name: "i8" for f in fields(self) if f.name != "is_followed"})
        n = len(self.track)
        _require_length(self, n, ["first_frame", "last_frame", "parent"])
        if self.is_followed is not None:
            _freeze(self, {"is_followed": "?"})
            _require_length(self, n, ["is_followed"])
        if not np.array_equal(self.track, np.arange(1, n + 1)):
            raise ValueError("tracks must be numbered 1..n")
        if len(self.track_of) and not (self.track_of.min() >= 0 and self.track_of.max() <= n):
            raise ValueError("track_of names a track that is not listed")
        if np.any(self.first_frame > self.last_frame):
            raise ValueError("a track starts after it ends")
        if n and not (self.parent.min() >= 0 and self.parent.max() <= n):
            raise ValueError("a parent is not listed")
        child = np.flatnonzero(self.parent)
        if np.any(self.last_frame[self.parent[child] - 1] >= self.first_frame[child]):
            raise ValueError("a parent must end before its child starts")
        if n and np.bincount(self.parent[child], minlength=1).max(initial=0) > 2:
            raise ValueError("a parent has more than two children")

    def __len__(self) -> int:
        return len(self.track)

    def follows(self, track: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Which of the given tracks (0: none) are wanted in the result."""
        if self.is_followed is None:
            return np.asarray(track) > 0
        return np.asarray(np.r_[False, self.is_followed][track], dtype=np.bool_)

    @property
    def followed_as(self) -> Ints:
        """(n + 1,): the number of each track among those followed, in the same order; 0 for the others and for none."""
        if self.is_followed is None:
            return np.arange(len(self) + 1)
        return np.concatenate([[0], np.where(self.is_followed, np.cumsum(self.is_followed), 0)]).astype(np.int64)

    def followed(self) -> Tracks:
        """The followed tracks alone, numbered 1..n among themselves; a parent that is not followed is none."""
        if self.is_followed is None:
            return self
        number, kept = self.followed_as, self.is_followed
        rows = (self.first_frame[kept], self.last_frame[kept], number[self.parent[kept]])
        return Tracks(number[self.track_of], np.arange(1, len(rows[0]) + 1), *rows)


@dataclass(frozen=True, slots=True)
class Typical:
    """What is typical of the cells of a movie, measured over all its detections; lengths in micrometres.

    ``radius_um`` is the median radius of a disc (ball) of a cell's size; ``neighbour_um`` the median distance between
    nearest neighbours (infinite where no frame has two cells).
    """

    radius_um: float
    neighbour_um: float
    cells_per_frame: float
    n_detections: int

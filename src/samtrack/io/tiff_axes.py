"""Which pages of a TIFF file are time, depth and channel.

Decided from the file's own metadata (ImageJ, OME, tifffile's), from `IngestSettings.axes`, and from the place of the
file: pages that nobody named are z in one of many files of a folder, t in a single file that is the whole movie.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samtrack.errors import DataError

if TYPE_CHECKING:
    from samtrack.io.tiff import TiffReading


@dataclass(frozen=True)
class PageAxes:
    """Where the plane (t, z) of the chosen channel lies among the pages, and the sample within a page."""

    n_frames: int
    n_z: int | None
    height: int
    width: int
    step_t: int
    step_z: int
    first: int
    n_planes: int
    samples: int = 1
    sample: int = 0
    samples_last: bool = True

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return (self.height, self.width) if self.n_z is None else (self.n_z, self.height, self.width)

    def plane_of(self, frame: int, z: int) -> int:
        """Number of the page that holds a plane of a frame."""
        return self.first + frame * self.step_t + z * self.step_z


@dataclass(frozen=True)
class _Axis:
    """One axis of the pages: its letter in the metadata, its length, and how many pages a step along it skips."""

    letter: str
    length: int
    step: int


def page_axes(path: Path, series: Any, page: Any, how: TiffReading, names: list[str]) -> PageAxes:
    """Decide what the pages of a series are; ``names`` are those of its channels, as far as known."""
    n_inner = len(page.shape)
    letters, lengths = series.axes[:-n_inner], tuple(series.shape[:-n_inner])
    if page.axes not in ("YX", "YXS", "SYX") or tuple(series.shape[-n_inner:]) != tuple(page.shape):
        raise DataError(f"{path}: its pages have the axes {series.axes}, expected flat pictures. Save a plain stack.")
    steps = [math.prod(lengths[i + 1 :]) for i in range(len(lengths))]
    axes = [_Axis(*axis) for axis in zip(letters, lengths, steps, strict=True)]
    samples = page.shape[page.axes.index("S")] if "S" in page.axes else 1
    channel_axis = next((axis for axis in axes if axis.letter == "C"), _Axis("C", 1, 0))
    chosen = _channel(path, channel_axis.length, samples, how, names)
    t, z = _time_and_depth(path, [axis for axis in axes if axis.letter != "C"], how)
    return PageAxes(
        n_frames=t.length if t else 1,
        n_z=z.length if z else 1 if how.axes in ("zyx", "tzyx") else None,
        height=page.shape[page.axes.index("Y")],
        width=page.shape[page.axes.index("X")],
        step_t=t.step if t else 0,
        step_z=z.step if z else 0,
        first=chosen * channel_axis.step if channel_axis.length > 1 else 0,
        n_planes=math.prod(lengths),
        samples=samples,
        sample=chosen if samples > 1 else 0,
        samples_last=page.axes != "SYX",
    )


def _time_and_depth(path: Path, axes: list[_Axis], how: TiffReading) -> tuple[_Axis | None, _Axis | None]:
    """Which of the axes are t and z; None where there is no such axis."""
    letters = [axis.letter for axis in axes]
    held = ", ".join(f"{axis.letter} of {axis.length}" for axis in axes)
    wanted = _guess(letters, how) if how.axes == "auto" else [letter for letter in how.axes.upper() if letter in "TZ"]
    if len(axes) > len(wanted):
        remedy = "set ingest.axes to what the pages are" if how.axes == "auto" else "correct ingest.axes"
        raise DataError(
            f"{path}: its pages have the axes {held}; with ingest.axes: {how.axes} expected are {_said(wanted)}. "
            f"Save it with t and z only, or {remedy}."
        )
    if len(wanted) == 2 and len(axes) == 1 and letters[0] not in wanted:
        raise DataError(
            f"{path}: holds {axes[0].length} pages and does not say which are t and which z, as ingest.axes: "
            f"{how.axes} needs. Save it from ImageJ or as OME-TIFF, or as one file per frame."
        )
    by_letter = dict(zip(letters if set(letters) <= set(wanted) else wanted, axes, strict=False))
    t, z = by_letter.get("T"), by_letter.get("Z")
    if how.in_folder and t is not None:
        raise DataError(
            f"{path}: holds {t.length} time points, but in a folder each file is one frame. If its pages are planes, "
            "set ingest.axes: zyx; if it is the whole movie, give the path of the file."
        )
    return t, z


def _guess(letters: list[str], how: TiffReading) -> list[str]:
    """What the axes are, in their order, from their letters and the place of the file; empty if that is unclear."""
    unknown = [letter for letter in letters if letter not in ("T", "Z")]
    if not unknown:
        return letters
    if len(letters) == 1:
        return ["Z"] if how.in_folder else ["T"]
    if len(letters) == 2 and len(unknown) == 1:
        other = "Z" if "T" in letters else "T"
        return [other if letter in unknown else letter for letter in letters]
    return ["T", "Z"] if len(letters) == 2 and not how.in_folder else []


def _channel(path: Path, channels: int, samples: int, how: TiffReading, names: list[str]) -> int:
    """The channel to read; raises where there are several and none is chosen."""
    if channels > 1 and samples > 1:
        raise DataError(f"{path}: has {channels} channels of {samples} colours each. Split them and give one of them.")
    n = max(channels, samples)
    if n == 1:
        return 0
    kinds = names if len(names) == n else ["red", "green", "blue", "alpha"][:n] if samples > 1 and n <= 4 else []
    listed = ", ".join(f"{i}: {kinds[i]}" if kinds else str(i) for i in range(n))
    if how.channel is None:
        what = f"a colour picture of {n} samples" if samples > 1 else f"{n} channels"
        planes = " If they are planes, save them as such (tifffile: photometric='minisblack')." if samples > 1 else ""
        raise DataError(f"{path}: holds {what} ({listed}), expected one. Choose it with ingest.channel.{planes}")
    if how.channel >= n:
        raise DataError(f"{path}: ingest.channel is {how.channel}, but the file holds {n} channels ({listed}).")
    return how.channel


def _said(wanted: list[str]) -> str:
    return " and ".join(wanted).lower() if wanted else "none but y and x"

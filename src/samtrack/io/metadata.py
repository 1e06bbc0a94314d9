"""Physical scale as files tell it: ImageJ, OME-XML, OME-Zarr; units to micrometres and minutes.

The settings of the configuration win over the file; what neither says is 1, and the movie then counts as uncalibrated.
"""

from __future__ import annotations

import logging
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tifffile

from samtrack.config.movie import MovieSettings
from samtrack.errors import DataError
from samtrack.types import Scale

log = logging.getLogger("samtrack")

_UM = {
    "pm": 1e-6, "picometer": 1e-6,
    "å": 1e-4, "angstrom": 1e-4,
    "nm": 1e-3, "nanometer": 1e-3,
    "um": 1.0, "µm": 1.0, "μm": 1.0, "micron": 1.0, "microns": 1.0, "micrometer": 1.0, "micrometre": 1.0,
    "mm": 1e3, "millimeter": 1e3,
    "cm": 1e4, "centimeter": 1e4,
    "m": 1e6, "meter": 1e6,
    "inch": 25400.0, "in": 25400.0,
}  # fmt: skip
"""Micrometres per unit; both letters that look like µ occur."""

_MINUTES = {
    "ms": 1 / 60000, "msec": 1 / 60000, "millisecond": 1 / 60000,
    "s": 1 / 60, "sec": 1 / 60, "second": 1 / 60, "seconds": 1 / 60,
    "min": 1.0, "minute": 1.0, "minutes": 1.0,
    "h": 60.0, "hour": 60.0, "hours": 60.0,
    "d": 1440.0, "day": 1440.0,
}  # fmt: skip
"""Minutes per unit."""


@dataclass(frozen=True)
class FoundScale:
    """What a file says: micrometres per voxel by axis (``z``, ``y``, ``x``; only those it tells), minutes per frame."""

    source: str = ""
    um: Mapping[str, float] = field(default_factory=dict)
    minutes: float | None = None


def to_um(value: float, unit: str | None) -> float | None:
    """A length in micrometres; None for an unknown unit (pixels, say) or a value that is no size."""
    return _converted(value, unit, _UM)


def to_minutes(value: float, unit: str | None) -> float | None:
    """A time in minutes; None for an unknown unit or a value that is no interval."""
    return _converted(value, unit, _MINUTES)


def _converted(value: float, unit: str | None, table: Mapping[str, float]) -> float | None:
    factor = table.get((unit or "").strip().lower())
    return value * factor if factor and math.isfinite(value) and value > 0 else None


def found_in_tiff(tif: tifffile.TiffFile) -> FoundScale:
    """The scale that the ImageJ or OME metadata of a TIFF file tell."""
    if tif.is_ome and tif.ome_metadata:
        return _of_ome_xml(tif.ome_metadata)
    if tif.is_imagej and tif.imagej_metadata:
        return _of_imagej(tif.imagej_metadata, tif.pages.first.tags)
    return FoundScale()


def channel_names(tif: tifffile.TiffFile) -> list[str]:
    """Names of the channels of a TIFF file, as far as its metadata tell them."""
    if tif.is_ome and tif.ome_metadata:
        return [str(e.get("Name") or e.get("ID", "?")) for e in _elements(tif.ome_metadata, "Channel")]
    labels = (tif.imagej_metadata or {}).get("Labels") if tif.is_imagej else None
    return [str(label) for label in labels] if isinstance(labels, list | tuple) else []


def _of_imagej(meta: Mapping[str, Any], tags: Any) -> FoundScale:
    unit = str(meta.get("unit", "")).replace("\\u00B5", "µ")  # ImageJ writes the escape into its header
    um: dict[str, float] = {}
    for axis, name in (("y", "YResolution"), ("x", "XResolution")):
        voxels, units = tags[name].value if name in tags else (0, 1)
        _put(um, axis, to_um(units / voxels if voxels else 0.0, unit))
    _put(um, "z", to_um(float(meta.get("spacing", 1.0)), unit))  # ImageJ leaves out a spacing of 1
    fps = float(meta.get("fps", 0) or 0)
    interval = float(meta.get("finterval", 0) or (1 / fps if fps else 0))
    return FoundScale("ImageJ metadata", um, to_minutes(interval, str(meta.get("tunit", "sec"))))


def _of_ome_xml(text: str) -> FoundScale:
    pixels = next(iter(_elements(text, "Pixels")), None)
    if pixels is None:
        return FoundScale()
    um: dict[str, float] = {}
    for axis in "zyx":
        name = f"PhysicalSize{axis.upper()}"
        _put(um, axis, to_um(float(pixels.get(name, 0)), pixels.get(f"{name}Unit", "µm")))
    minutes = to_minutes(float(pixels.get("TimeIncrement", 0)), pixels.get("TimeIncrementUnit", "s"))
    return FoundScale("OME metadata", um, minutes)


def _put(values: dict[str, float], axis: str, value: float | None) -> None:
    if value is not None:
        values[axis] = value


def _elements(text: str, name: str) -> list[ElementTree.Element]:
    """Elements of an OME-XML by name, whatever the version of its name space."""
    try:
        return [e for e in ElementTree.fromstring(text).iter() if e.tag.rpartition("}")[2] == name]
    except ElementTree.ParseError:
        log.warning("the OME-XML of a file is damaged and is not used")
        return []


def build_scale(path: Path, shape: tuple[int, ...], found: FoundScale, movie: MovieSettings) -> Scale:
    """The scale of a movie: from the settings, else from the file, else 1; says in the log which it was."""
    axes = ("y", "x") if len(shape) == 2 else ("z", "y", "x")
    um, um_from = movie.um_per_voxel, "movie.um_per_voxel"
    if um is not None and len(um) != len(axes):
        raise DataError(
            f"{path}: movie.um_per_voxel has {len(um)} values, but the frames are {len(axes)}D, {shape}. Give "
            f"{len(axes)} values ({', '.join(axes)}); or is this the configuration of another dataset?"
        )
    if um is None and set(axes) <= set(found.um):
        um, um_from = tuple(found.um[axis] for axis in axes), found.source  # type: ignore[assignment]
    is_calibrated = um is not None
    minutes, minutes_from = movie.minutes_per_frame, "movie.minutes_per_frame"
    if minutes is None and found.minutes is not None:
        minutes, minutes_from = found.minutes, found.source
    scale = Scale(um or (1.0,) * len(axes), minutes or 1.0, is_calibrated)
    size = " x ".join(f"{v:.4g}" for v in scale.um_per_voxel)
    if is_calibrated:
        log.info("%s: a voxel is %s µm (%s), from %s", path, size, ", ".join(axes), um_from)
    else:
        partly = f"; {found.source} tell only {', '.join(found.um)}" if found.um else ""
        log.warning(
            "%s: neither movie.um_per_voxel nor the file says how large a voxel is%s: 1 µm is assumed, so all lengths "
            "are voxels",
            path,
            partly,
        )
    said = minutes_from if minutes is not None else "nobody: assumed"
    log.info("%s: frames are %.4g min apart, from %s", path, scale.minutes_per_frame, said)
    return scale

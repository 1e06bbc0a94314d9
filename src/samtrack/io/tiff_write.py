"""Writing one frame as a TIFF file that people's tools open: ImageJ's own kind, with the voxel size inside.

Equal arrays give equal bytes: no date, no name of the program's version is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from samtrack.errors import DataError

_IMAGEJ_DTYPES = (np.uint8, np.uint16, np.float32)
"""What ImageJ's format holds; other types are written as plain TIFF, without spacing along z."""


def write_tiff(
    path: Path,
    array: npt.NDArray[Any],
    um_per_voxel: Sequence[float] | None = None,
    minutes: float | None = None,
) -> None:
    """One frame (z)yx as a zlib-compressed TIFF.

    ``um_per_voxel`` (z)yx and ``minutes`` between frames go into its metadata.
    """
    if array.ndim not in (2, 3):
        raise DataError(
            f"{path}: a frame has 2 or 3 axes, found an array of shape {array.shape}. Write frame by frame."
        )
    if um_per_voxel is not None and len(um_per_voxel) != array.ndim:
        raise DataError(
            f"{path}: {len(um_per_voxel)} voxel sizes for an array of {array.ndim} axes; give one per axis."
        )
    is_imagej = array.dtype.type in _IMAGEJ_DTYPES
    metadata: dict[str, Any] = {"axes": "ZYX"[-array.ndim :]}
    resolution = None
    if um_per_voxel is not None:
        resolution = (1 / um_per_voxel[-1], 1 / um_per_voxel[-2])
        metadata["unit"] = "um"
        if array.ndim == 3:
            metadata["spacing"] = um_per_voxel[0]
    if minutes is not None:
        metadata["finterval"] = minutes * 60
        metadata["tunit"] = "sec"
    tifffile.imwrite(
        path,
        array,
        imagej=is_imagej,
        compression="zlib",
        resolution=resolution,
        resolutionunit=None if is_imagej or resolution is None else "NONE",
        metadata=metadata,
        software=False,
        photometric="minisblack",
    )

"""What voxels become when they are read: types that are stored, and what images and labels must not hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from samtrack.errors import DataError

_STORED = {
    "b1": "u1",
    "i1": "u1",
    "i2": "u2",
    "i4": "u4",
    "u8": "u4",
    "i8": "u4",
    "f2": "f4",
    "f8": "f4",
}
"""Types that are stored as another one; integers keep their width up to 32 bits, since a camera gives no more."""

_KEPT = ("u1", "u2", "u4", "f4")


def stored_dtype(dtype: np.dtype[Any], where: str) -> np.dtype[Any]:
    """The type in which images of ``dtype`` are kept: uint8, uint16, uint32 or float32."""
    kind = f"{dtype.kind}{dtype.itemsize}"
    if kind in _KEPT or kind in _STORED:
        return np.dtype(_STORED.get(kind, kind))
    raise DataError(f"{where}: voxels are {dtype}, expected integers or floats. Convert the file to uint16 or float32.")


@dataclass(frozen=True)
class ImageVoxels:
    """Makes image voxels of what a file holds, or raises."""

    dtype: np.dtype[Any]
    not_finite: Literal["error", "zero"] = "error"

    def __call__(self, raw: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
        """The voxels as `dtype`; negative, too large and (by setting) non-finite ones are errors."""
        if raw.dtype.kind == "f":
            return self._of_floats(raw, where)
        if raw.dtype.kind == "i" and raw.size and (low := int(raw.min())) < 0:
            raise DataError(
                f"{where}: {np.count_nonzero(raw < 0)} voxels are negative, down to {low}; an image of {raw.dtype} "
                f"is stored as {self.dtype}. Add {-low} to all frames of the movie, or convert it to float32."
            )
        _require_fits(raw, self.dtype, where)
        return raw.astype(self.dtype, copy=False)

    def _of_floats(self, raw: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
        with np.errstate(over="ignore"):
            voxels = raw.astype(self.dtype, copy=False)  # float64 beyond float32 becomes infinite, and is told as such
        finite = np.isfinite(voxels)
        if not finite.all():
            if self.not_finite == "error":
                raise DataError(
                    f"{where}: {finite.size - np.count_nonzero(finite)} of {finite.size} voxels are NaN or infinite. "
                    "Repair the file, or set ingest.not_finite: zero to read them as 0."
                )
            voxels = np.where(finite, voxels, self.dtype.type(0))
        return voxels


class LabelVoxels:
    """Makes labels (uint32) of what a mask file holds, or raises."""

    dtype: np.dtype[Any] = np.dtype(np.uint32)

    def __call__(self, raw: npt.NDArray[Any], where: str) -> npt.NDArray[np.uint32]:
        """The labels; floats, negative and too large numbers are errors."""
        if raw.dtype.kind == "f":
            whole = bool(np.isfinite(raw).all() and (raw == np.rint(raw)).all())
            found = f"all whole numbers, up to {raw.max(initial=0):g}" if whole else "not even whole numbers"
            remedy = "Save the masks as uint16 or uint32." if whole else "Is this the folder of the masks?"
            raise DataError(f"{where}: a mask holds {raw.dtype} values ({found}), expected integers. {remedy}")
        if raw.dtype.kind == "i" and raw.size and (low := int(raw.min())) < 0:
            raise DataError(
                f"{where}: {np.count_nonzero(raw < 0)} voxels hold negative labels, down to {low}. Labels start at 1, "
                "the background is 0: save the masks as uint16 or uint32."
            )
        _require_fits(raw, self.dtype, where)
        return raw.astype(np.uint32, copy=False)


def _require_fits(raw: npt.NDArray[Any], dtype: np.dtype[Any], where: str) -> None:
    if raw.dtype.itemsize > dtype.itemsize and raw.size:
        high, limit = int(raw.max()), int(np.iinfo(dtype).max)
        if high > limit:
            raise DataError(
                f"{where}: holds the value {high}, above {limit}, the most that {dtype} can hold. Rescale it."
            )

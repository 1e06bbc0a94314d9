"""Pictures and columns of numbers as text, so that a page needs no other file.

Pictures are JPEG or PNG inside ``data:`` addresses. Columns are the bytes of the smallest type that holds them, or their
first differences where those are smaller when compressed, deflated, in base64; the page's script unpacks them.
"""

from __future__ import annotations

import base64
import io
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Bytes = npt.NDArray[np.uint8]
Packed = dict[str, str | int]
"""A column: ``t`` its type as numpy calls it, ``n`` its length, ``d`` 1 for differences, ``b`` the bytes as text."""

JPEG_QUALITY = 80
"""Of 95: no blocks are seen in grey images, and a file is a third of the size of a PNG."""

TYPES = ("u1", "i1", "u2", "i2", "i4")
"""Types of columns, the smallest first; a page has no larger number than 2^31."""

DEFLATE_LEVEL = 6
"""Of 9: a tenth larger than the slowest at a third of the time."""


def encode_grey(picture: Bytes) -> str:
    """A grey (or RGB) picture as a JPEG, or as a PNG where that is smaller (flat and tiny pictures)."""
    image = Image.fromarray(picture)
    jpeg, png = io.BytesIO(), io.BytesIO()
    image.save(jpeg, "JPEG", quality=JPEG_QUALITY, optimize=True, subsampling=0)
    if picture.size <= 1 << 16 or len(np.unique(picture[::4, ::4])) < 8:  # elsewhere a PNG is never smaller
        image.save(png, "PNG", optimize=True)
    found = [("jpeg", jpeg.getvalue()), ("png", png.getvalue())]
    kind, data = min((pair for pair in found if pair[1]), key=lambda pair: len(pair[1]))
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def pack(values: npt.NDArray[Any]) -> Packed:
    """A column of whole numbers, in the order of its bytes; ``unpack`` in page_pack.js reads it."""
    flat = np.asarray(values).reshape(-1).astype(np.int64)
    plain, kind = _deflated(flat)
    difference = np.diff(flat, prepend=0)
    fits = len(flat) > 0 and int(np.abs(difference).max()) < np.iinfo(TYPES[-1]).max
    steps, kind_of_steps = _deflated(difference) if fits else (plain, kind)
    is_steps = len(steps) < len(plain)
    data = steps if is_steps else plain
    packed: Packed = {"t": kind_of_steps if is_steps else kind, "n": len(flat)}
    packed |= {"d": 1} if is_steps else {}
    return packed | {"b": base64.b64encode(data).decode("ascii")}


def _deflated(column: npt.NDArray[np.int64]) -> tuple[bytes, str]:
    low, high = int(column.min(initial=0)), int(column.max(initial=0))
    fits = (name for name in TYPES if np.iinfo(name).min <= low and high <= np.iinfo(name).max)
    kind = next(fits, None)
    if kind is None:
        raise ValueError(f"a column of the page runs from {low} to {high}, expected numbers of 32 bits")
    return zlib.compress(column.astype(f"<{kind}").tobytes(), DEFLATE_LEVEL), kind

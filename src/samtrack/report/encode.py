"""Pictures as text: JPEG and PNG inside ``data:`` addresses, so that a page needs no other file."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

Bytes = npt.NDArray[np.uint8]

JPEG_QUALITY = 80
"""Of 95: no blocks are seen in grey images, and a file is a third of the size of a PNG."""


def encode_grey(picture: Bytes) -> str:
    """A grey (or RGB) picture as a JPEG, or as a PNG where that is smaller (flat and tiny pictures)."""
    image = Image.fromarray(picture)
    jpeg, png = io.BytesIO(), io.BytesIO()
    image.save(jpeg, "JPEG", quality=JPEG_QUALITY, optimize=True, subsampling=0)
    image.save(png, "PNG", optimize=True)
    kind, data = min(("jpeg", jpeg.getvalue()), ("png", png.getvalue()), key=lambda pair: len(pair[1]))
    return _address(kind, data)


def encode_layer(layer: Bytes, palette: Bytes) -> str:
    """A picture of colour numbers as a PNG with transparency; ``palette`` is (256, 4) RGBA."""
    used, numbers = np.unique(layer, return_inverse=True)
    image = Image.fromarray(numbers.reshape(layer.shape).astype(np.uint8), mode="P")
    image.putpalette(palette[used, :3].tobytes())
    data = io.BytesIO()
    image.save(data, "PNG", optimize=True, transparency=palette[used, 3].tobytes())
    return _address("png", data.getvalue())


def _address(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"

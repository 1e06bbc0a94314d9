"""Pictures and columns survive the way into the page."""

import base64
import io
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from samtrack.report.encode import encode_grey, pack


def decoded(address: str) -> Image.Image:
    kind, data = address.split(",", 1)
    assert kind in {"data:image/png;base64", "data:image/jpeg;base64"}
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_grey_and_colour_come_back_nearly() -> None:
    y, x = np.mgrid[:64, :80]
    grey = (120 + 60 * np.sin(x / 9) * np.cos(y / 7)).astype(np.uint8)
    for picture in (grey, np.stack([grey, grey[::-1], grey[:, ::-1]], axis=-1)):
        back = np.asarray(decoded(encode_grey(picture)))
        assert back.shape == picture.shape
        assert np.abs(back.astype(int) - picture).max() < 30


def test_the_smaller_format_is_taken() -> None:
    assert decoded(encode_grey(np.zeros((50, 50), dtype=np.uint8))).format == "PNG"
    noise = np.random.default_rng(0).integers(0, 255, (50, 50)).astype(np.uint8)
    assert decoded(encode_grey(noise)).format == "JPEG"


def unpacked(packed) -> np.ndarray:
    """What page_pack.js makes of a column."""
    column = np.frombuffer(zlib.decompress(base64.b64decode(packed["b"])), dtype=f"<{packed['t']}")
    assert len(column) == packed["n"]
    return np.cumsum(column.astype(np.int64)) if packed.get("d") else column.astype(np.int64)


@given(st.lists(st.integers(-(2**31), 2**31 - 1)))
def test_columns_come_back_exactly(values: list[int]) -> None:
    assert unpacked(pack(np.array(values, dtype=np.int64))).tolist() == values


def test_the_smallest_type_and_differences_are_taken() -> None:
    assert pack(np.array([0, 255]))["t"] == "u1"
    assert pack(np.array([-1, 3]))["t"] == "i1"
    numbers = pack(np.arange(1, 100_001))
    assert (numbers["t"], numbers["d"]) == ("u1", 1)
    assert len(str(numbers["b"])) < 500


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(ValueError, match="runs from 0 to 2147483648, expected numbers of 32 bits"):
        pack(np.array([2**31]))

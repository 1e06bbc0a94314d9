"""Pictures survive the way into the page."""

import base64
import io

import numpy as np
from PIL import Image

from samtrack.report.encode import encode_grey, encode_layer
from samtrack.report.pictures import layer_palette


def decoded(address: str) -> Image.Image:
    kind, data = address.split(",", 1)
    assert kind in {"data:image/png;base64", "data:image/jpeg;base64"}
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_layer_comes_back_exactly() -> None:
    layer = np.random.default_rng(0).choice([0, 1, 80, 150, 217, 218], (30, 40)).astype(np.uint8)
    rgba = np.asarray(decoded(encode_layer(layer, layer_palette())).convert("RGBA"))
    assert np.array_equal(rgba, layer_palette()[layer])


def test_an_empty_layer_is_transparent() -> None:
    rgba = np.asarray(decoded(encode_layer(np.zeros((5, 6), dtype=np.uint8), layer_palette())).convert("RGBA"))
    assert rgba.shape == (5, 6, 4)
    assert not rgba[..., 3].any()


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

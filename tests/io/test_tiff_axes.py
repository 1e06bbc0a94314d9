"""What pages are, from letters, lengths, place and settings; and that every plane is found."""

from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.errors import DataError
from samtrack.io.tiff import TiffReading
from samtrack.io.tiff_axes import page_axes

PAGE = SimpleNamespace(shape=(6, 7), axes="YX")


def axes_of(letters, lengths, how):
    series = SimpleNamespace(axes=letters + "YX", shape=(*lengths, 6, 7))
    return page_axes(Path("m.tif"), series, PAGE, how, [])


@given(st.permutations("TZC"), st.lists(st.integers(2, 5), min_size=3, max_size=3), st.integers(0, 1))
def test_every_plane_of_the_channel_is_found_in_any_order_of_axes(letters, lengths, channel):
    axes = axes_of("".join(letters), lengths, TiffReading(channel=channel, in_folder=False))
    pages = np.arange(np.prod(lengths)).reshape(lengths)
    ordered = pages.transpose([letters.index(letter) for letter in "TZC"])[..., channel]
    assert (axes.n_frames, axes.n_z) == ordered.shape
    for t, z in product(range(axes.n_frames), range(axes.n_z)):
        assert axes.plane_of(t, z) == ordered[t, z]


@pytest.mark.parametrize(
    ("letters", "lengths", "how", "frames", "shape"),
    [
        ("", (), TiffReading(), 1, (6, 7)),
        ("Q", (5,), TiffReading(), 1, (5, 6, 7)),
        ("Q", (5,), TiffReading(in_folder=False), 5, (6, 7)),
        ("Z", (5,), TiffReading(in_folder=False), 1, (5, 6, 7)),
        ("QQ", (3, 5), TiffReading(in_folder=False), 3, (5, 6, 7)),
        ("TI", (3, 5), TiffReading(in_folder=False), 3, (5, 6, 7)),
        ("IZ", (3, 5), TiffReading(in_folder=False), 3, (5, 6, 7)),
        ("ZI", (3, 5), TiffReading(in_folder=False), 5, (3, 6, 7)),
        ("T", (5,), TiffReading("zyx"), 1, (5, 6, 7)),
        ("Z", (5,), TiffReading("tyx", in_folder=False), 5, (6, 7)),
        ("Z", (5,), TiffReading("tzyx", in_folder=False), 1, (5, 6, 7)),
        ("T", (5,), TiffReading("tzyx", in_folder=False), 5, (1, 6, 7)),
        ("ZT", (3, 5), TiffReading("tzyx", in_folder=False), 5, (3, 6, 7)),
        ("QR", (3, 5), TiffReading("tzyx", in_folder=False), 3, (5, 6, 7)),
    ],
)
def test_what_pages_are_taken_for(letters, lengths, how, frames, shape):
    axes = axes_of(letters, lengths, how)
    assert (axes.n_frames, axes.shape) == (frames, shape)


@pytest.mark.parametrize(
    ("letters", "lengths", "how", "message"),
    [
        ("QQ", (3, 5), TiffReading(), "axes Q of 3, Q of 5; with ingest.axes: auto"),
        ("TZQ", (2, 3, 5), TiffReading(in_folder=False), "axes T of 2, Z of 3, Q of 5"),
        ("TZ", (2, 3), TiffReading("tyx", in_folder=False), "with ingest.axes: tyx expected are t. Save"),
        ("T", (5,), TiffReading(), "holds 5 time points, but in a folder each file is one frame"),
        ("TZ", (2, 3), TiffReading(), "holds 2 time points"),
        ("Q", (5,), TiffReading("tzyx", in_folder=False), "5 pages and does not say which are t and which z"),
        ("C", (2,), TiffReading(), r"2 channels \(0, 1\), expected one. Choose it with ingest.channel"),
    ],
)
def test_what_is_unclear_is_refused(letters, lengths, how, message):
    with pytest.raises(DataError, match=message):
        axes_of(letters, lengths, how)


def test_pages_with_depth_of_their_own_are_refused():
    series = SimpleNamespace(axes="ZYX", shape=(4, 6, 7))
    page = SimpleNamespace(shape=(4, 6, 7), axes="ZYX")
    with pytest.raises(DataError, match="pages have the axes ZYX, expected flat pictures"):
        page_axes(Path("m.tif"), series, page, TiffReading(), [])

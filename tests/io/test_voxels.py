"""Values of voxels: what is converted without loss, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from samtrack.errors import DataError
from samtrack.io.voxels import ImageVoxels, LabelVoxels, stored_dtype

INTEGERS = st.sampled_from([np.dtype(f"{kind}{size}") for kind in "iu" for size in (1, 2, 4, 8)])


@given(INTEGERS.flatmap(lambda dtype: hnp.arrays(dtype, (3, 4))))
def test_integers_keep_their_value_or_are_refused(raw):
    """No value ever changes silently, whatever its type."""
    for voxels in (ImageVoxels(stored_dtype(raw.dtype, "f")), LabelVoxels()):
        fits = int(raw.min()) >= 0 and int(raw.max()) <= np.iinfo(voxels.dtype).max
        if fits:
            kept = voxels(raw, "f")
            assert kept.dtype == voxels.dtype
            np.testing.assert_array_equal(kept, raw)
        else:
            with pytest.raises(DataError, match="f: "):
                voxels(raw, "f")


@given(hnp.arrays(np.float64, (3, 4)))
def test_floats_are_finite_in_the_end(raw):
    voxels = ImageVoxels(np.dtype("float32"), "zero")(raw, "f")
    assert voxels.dtype == np.float32
    assert np.isfinite(voxels).all()


def test_what_is_read_is_not_copied_without_need():
    raw = np.ones((3, 3), np.uint16)
    assert ImageVoxels(np.dtype("uint16"))(raw, "f") is raw


def test_strange_types_are_refused():
    for dtype in ("complex64", "S3", "float128"):
        with pytest.raises(DataError, match=r"expected integers or floats\. Convert the file"):
            stored_dtype(np.dtype(dtype), "f")

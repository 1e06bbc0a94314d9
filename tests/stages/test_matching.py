"""Mask files matched with a truth, whole and slab by slab."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from samtrack.blocks import Canvas, slabs
from samtrack.errors import DataError
from samtrack.evaluate import match_frame
from samtrack.io.ctc import MaskFile, open_mask, write_mask
from samtrack.stages.held import held
from samtrack.stages.matching import match_file, match_truth

SHAPE = (6, 20, 24)


@pytest.fixture
def pair(tmp_path: Path):
    """Truth and result of a volume as files, and as arrays."""
    rng = np.random.default_rng(0)
    truth, result = (rng.integers(0, 5, SHAPE).repeat(2, axis=2)[:, :, :24].astype(np.uint16) for _ in range(2))
    result[truth == 3] = 4
    write_mask(tmp_path / "man_track000.tif", truth)
    write_mask(tmp_path / "mask000.tif", result)
    return truth, result, tmp_path


def equal(a, b):
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in a.__slots__)


@pytest.mark.parametrize("slab_voxels", [50, 960, 10**6])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_slabs_match_like_the_whole(pair, monkeypatch, slab_voxels, compression):
    truth, result, folder = pair
    tifffile.imwrite(folder / "man_track000.tif", truth, compression=compression)  # without: all planes in one piece
    monkeypatch.setattr(slabs, "SLAB_VOXELS", slab_voxels)
    monkeypatch.setattr(slabs, "HELD_VOXELS", slab_voxels)
    whole = match_frame(truth, result)
    assert 4 in whole.matched_result
    with open_mask(folder / "mask000.tif") as image:
        found = match_truth(folder / "man_track000.tif", held(image.read, SHAPE), SHAPE, folder)
    assert equal(found, whole)


def test_a_slice_of_a_truth_is_compared_with_its_plane(pair):
    truth, result, folder = pair
    write_mask(folder / "man_seg_000_004.tif", truth[4])
    file = MaskFile(0, 4, 3, folder / "man_seg_000_004.tif")
    found = match_file(file, folder / "mask000.tif", Canvas(result).read, SHAPE)
    assert equal(found, match_frame(truth[4], result[4]))
    beyond = MaskFile(0, 6, 3, folder / "man_seg_000_006.tif")
    with pytest.raises(DataError, match="slice 6 of a frame"):
        match_file(beyond, folder / "mask000.tif", Canvas(result).read, SHAPE)


def test_what_cannot_be_compared_is_named(pair):
    _, result, folder = pair
    with pytest.raises(DataError, match=r"mask000.*\(5, 20, 24\), the truth .*\(6, 20, 24\)"):
        match_truth(folder / "man_track000.tif", Canvas(result[:5]).read, (5, 20, 24), folder / "mask000.tif")
    with pytest.raises(DataError, match="must be label images"):
        match_truth(folder / "man_track000.tif", Canvas(result / 2).read, SHAPE, folder / "mask000.tif")

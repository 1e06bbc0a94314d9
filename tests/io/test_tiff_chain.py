"""The chain of page directories: whole in whole files, told where a file was cut."""

import numpy as np
import pytest
import tifffile

from samtrack.errors import DataError
from samtrack.io.tiff_chain import require_whole_chain


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_a_whole_file_passes_and_no_cut_within_the_directories_does(tmp_path, bigtiff, byteorder):
    path = tmp_path / "a.tif"
    data = np.zeros((4, 16, 16), "uint8")
    tifffile.imwrite(
        path, data, bigtiff=bigtiff, byteorder=byteorder, metadata=None, compression="zlib", photometric="minisblack"
    )
    content = path.read_bytes()
    require_whole_chain(path, len(content))
    with tifffile.TiffFile(path) as tif:
        last = tif.pages[3].offset
    for size in range(8, last + 30, 7):
        path.write_bytes(content[:size])
        with pytest.raises(DataError, match=rf"is truncated: .* behind the end of the file \({size} bytes\)"):
            require_whole_chain(path, size)

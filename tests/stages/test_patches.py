"""Patches: pairs of files, equal for equal seeds, with the voxel size that cells were brought to."""

import numpy as np
import tifffile

from samtrack.cli.main import main


def write_movie(folder):
    (folder / "01").mkdir()
    (folder / "masks").mkdir()
    for t in range(2):
        mask = np.zeros((12, 24, 24), dtype=np.uint16)
        mask[3:9, 6:18, 6:18] = 500
        tifffile.imwrite(folder / "01" / f"t{t:03d}.tif", (100 + 50 * (mask > 0) + t).astype(np.uint8))
        tifffile.imwrite(folder / "masks" / f"t{t:03d}.tif", mask)
    (folder / "config.yaml").write_text("movie: {um_per_voxel: [2, 1, 1]}\n")


def test_pairs_of_files(tmp_path):
    write_movie(tmp_path)
    command = ["patches", "--data", str(tmp_path / "01"), "--masks", str(tmp_path / "masks"), "--count", "3"]
    command += ["--side", "16", "--cell-px", "8", "--config", str(tmp_path / "config.yaml")]
    for out in ("a", "b"):
        assert main([*command, "--out", str(tmp_path / out)]) == 0
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.tif"))
    assert len(files) == 6
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)
    images, labels = (
        np.stack([tifffile.imread(tmp_path / "a" / kind / f"{i:05d}.tif") for i in (1, 2, 3)])
        for kind in ("images", "labels")
    )
    assert images.shape == labels.shape == (3, 16, 16, 16)
    assert labels.max() == 1
    assert images[labels > 0].mean() > images[labels == 0].mean() + 0.5

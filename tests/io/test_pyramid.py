"""Levels of a store, plane by plane."""

import numpy as np
import pytest

from samtrack.config.ingest import IngestSettings
from samtrack.errors import DataError
from samtrack.io.ome_zarr import ImageFacts, create_image, open_image, written_label_image
from samtrack.io.pyramid import Pyramid, open_tracked, sequences_in
from samtrack.types import Scale


@pytest.fixture
def movie(tmp_path):
    """A movie of two frames of 3 planes with three levels, and its tracks."""
    settings = IngestSettings(pyramid_levels=3)
    voxels = np.arange(2 * 3 * 16 * 20, dtype=np.uint16).reshape(2, 3, 16, 20)
    facts = ImageFacts(2, voxels.shape[1:], voxels.dtype, Scale((2.0, 0.5, 0.5), 3.0), name="01")
    writer = create_image(tmp_path / "01.ome.zarr", facts, settings)
    for t in range(2):
        writer.write(t, voxels[t])
    writer.finish()
    with written_label_image(
        tmp_path / "01.ome.zarr" / "labels" / "tracks", open_image(tmp_path / "01.ome.zarr"), settings
    ) as w:
        for t in range(2):
            w.write(t, voxels[t].astype(np.uint32))
    return tmp_path, voxels


def test_planes_of_all_levels(movie):
    folder, voxels = movie
    image, labels = open_tracked(folder, "01")
    assert [level.shape for level in image.levels] == [(2, 3, 16, 20), (2, 3, 8, 10), (2, 3, 4, 5)]
    assert (image.n_planes, image.n_frames, image.shape, image.scale.um_per_voxel) == (
        3,
        2,
        (3, 16, 20),
        (2.0, 0.5, 0.5),
    )
    assert np.array_equal(image.plane(0, 1, 2), voxels[1, 2])
    assert np.array_equal(labels.plane(1, 1, 2), voxels[1, 2, ::2, ::2])
    assert [image.level_within(side) for side in (99, 20, 19, 5, 1)] == [0, 0, 1, 2, 2]


def test_a_movie_without_tracks_is_no_result(movie, tmp_path):
    folder, _ = movie
    assert sequences_in(folder) == ["01"]
    (folder / "01.ome.zarr" / "labels" / "tracks" / "zarr.json").unlink()
    with pytest.raises(DataError, match="holds no tracks"):
        open_tracked(folder, "01")
    with pytest.raises(DataError, match="no complete OME-Zarr"):
        Pyramid(tmp_path / "none")

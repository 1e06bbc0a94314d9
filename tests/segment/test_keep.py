"""Which objects stay: by size and by how far their centroids lie from the border, alike for any slabs."""

import numpy as np
import pytest

from samtrack.blocks import slabs
from samtrack.config.objects import ObjectsSettings
from samtrack.errors import SettingsError
from samtrack.segment import Objects, kept, survey, without
from samtrack.types import Box, Scale

SCALE = Scale((2.0, 0.5, 0.5))
SHAPE = (6, 20, 30)


def frame_of(*boxes):
    """A volume with cuboids (start, stop) labelled from 10 in steps of 10."""
    labels = np.zeros(SHAPE, np.uint32)
    for i, (start, stop) in enumerate(boxes, 1):
        labels[Box(start, stop).slices] = 10 * i
    return labels


LABELS = frame_of(
    ((1, 1, 1), (3, 4, 4)), ((2, 8, 8), (5, 14, 16)), ((3, 9, 25), (4, 11, 30)), ((0, 16, 10), (1, 17, 11))
)


def read(box):
    return LABELS[box.slices]


def judged(**settings):
    objects = survey(read, SHAPE)
    return objects.label[kept(objects, SHAPE, SCALE, ObjectsSettings(**settings))].tolist()


@pytest.mark.parametrize("slab_voxels", [1, 70, 700, 2**20])
def test_objects_are_counted_alike_in_any_slabs(monkeypatch, slab_voxels):
    monkeypatch.setattr(slabs, "SLAB_VOXELS", slab_voxels)
    found = survey(read, SHAPE)
    assert found.label.tolist() == [10, 20, 30, 40]
    assert found.voxels.tolist() == [18, 144, 10, 1]
    assert found.centre_px.tolist() == [[1.5, 2, 2], [3, 10.5, 11.5], [3, 9.5, 27], [0, 16, 10]]
    none = survey(lambda box: np.zeros(box.shape, np.uint32), SHAPE)
    assert len(none.label) == 0
    assert kept(none, SHAPE, SCALE, ObjectsSettings(min_size_um=3)).tolist() == []


def test_the_defaults_keep_everything():
    assert judged() == [10, 20, 30, 40]
    assert without(read, survey(read, SHAPE), np.ones(4, bool)) is read


def test_sizes_are_in_cubic_micrometres():
    assert judged(min_size_um=5.1) == [10, 20]  # a voxel has half a cubic micrometre: 9, 72, 5 and 0.5
    assert judged(min_size_um=5.0) == [10, 20, 30], "the limit itself stays"
    assert judged(max_size_um=9.0) == [10, 30, 40]
    assert judged(min_size_um=1, max_size_um=9) == [10, 30]


def test_a_guard_is_measured_from_the_border_of_the_outermost_voxel():
    # along x the centroid of 10 lies 2.5 voxels from the border, 1.25 um; that of 30 as well, on the other side
    assert judged(edge_guard_um=(0, 0, 1.25)) == [10, 20, 30, 40]
    assert judged(edge_guard_um=(0, 0, 1.26)) == [20, 40]
    assert judged(edge_guard_um=(1.1, 0, 0)) == [10, 20, 30], "40 lies 1 um below the top"
    assert judged(edge_guard_um=2.0) == [20], "one number for all axes"


def test_an_axis_of_one_voxel_has_no_border():
    flat = Objects(np.array([1]), np.array([9]), np.array([[0.0, 10.0, 10.0]]))
    assert kept(flat, (1, 20, 20), SCALE, ObjectsSettings(edge_guard_um=2.0)).tolist() == [True]


def test_what_stays_keeps_its_label():
    objects = survey(read, SHAPE)
    left = without(read, objects, np.array([False, True, False, True]))(Box((0, 0, 0), SHAPE))
    assert np.unique(left).tolist() == [0, 20, 40]
    np.testing.assert_array_equal(left[left > 0], LABELS[left > 0])


def test_as_many_guards_as_axes():
    with pytest.raises(SettingsError, match="3 values, but the movie has 2 axes"):
        ObjectsSettings(edge_guard_um=(1, 2, 3)).guard_um(2)
    with pytest.raises(ValueError, match="below min_size_um"):
        ObjectsSettings(min_size_um=5, max_size_um=3)
    with pytest.raises(ValueError, match="4 values"):
        ObjectsSettings(edge_guard_um=(1, 2, 3, 4))

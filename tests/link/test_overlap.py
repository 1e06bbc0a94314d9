import numpy as np
import pytest

from samtrack.blocks import slabs
from samtrack.link import measure_detections, overlap
from samtrack.link.cells import split_by_frame
from samtrack.link.overlap import LabelStore, measure_overlap
from samtrack.types import ArrayFrames, Scale


@pytest.fixture
def opened():
    """Cell numbers of two frames, as the linker opens them."""

    def open_both(frames, cells):
        store = LabelStore(ArrayFrames(frames, Scale((2.0, 1.0, 1.0))))
        return [store.read(t, cells[t]) for t in range(2)]

    return open_both


@pytest.fixture
def two_frames(rng, draw_balls):
    """Label frames with sparse labels in 3D, the cells of both, and random steps (one of them far)."""
    shape, scale = (12, 40, 40), Scale((2.0, 1.0, 1.0))
    labels = rng.choice(2**32 - 2, 30, replace=False) + 1
    frames = [draw_balls(shape, rng.uniform(0, shape, (15, 3)), 5, labels[15 * t : 15 * t + 15]) for t in range(2)]
    cells = [split_by_frame(measure_detections(f, 0, scale), [0])[0] for f in frames]
    step = rng.integers(-6, 7, (len(cells[0]), 3))
    step[3] = (1, 25, -30)
    return frames, cells, step


@pytest.mark.parametrize("table_pairs", [0, 2**22])
@pytest.mark.parametrize("slab_voxels", [50, 3000, 2**20])
def test_overlaps_equal_those_of_masks_moved_one_by_one(monkeypatch, two_frames, opened, table_pairs, slab_voxels):
    monkeypatch.setattr(overlap, "TABLE_PAIRS", table_pairs)
    monkeypatch.setattr(slabs, "SLAB_VOXELS", slab_voxels)
    monkeypatch.setattr(slabs, "HELD_VOXELS", slab_voxels)
    frames, (source, target), step = two_frames
    found = measure_overlap(*opened(frames, (source, target)), step, target.size_um / 2)
    for a in range(len(source)):
        voxel = np.argwhere(frames[0] == source.label[a]) + step[a]
        voxel = voxel[np.all((voxel >= 0) & (voxel < frames[0].shape), axis=1)]
        assert found.moved[a] == len(voxel)
        for b in range(len(target)):
            shared = (frames[1][tuple(voxel.T)] == target.label[b]).sum()
            assert found.shared(np.array([a]), np.array([b])) == shared


def test_masks_that_all_leave_the_image_share_nothing(two_frames, opened):
    frames, (source, target), step = two_frames
    found = measure_overlap(*opened(frames, (source, target)), step + 1000, target.size_um)
    assert (found.moved == 0).all()
    assert (found.shared(np.arange(len(source)), np.zeros(len(source), dtype=np.int64)) == 0).all()


def test_frames_are_read_once_and_forgotten(two_frames):
    frames, cells, _ = two_frames

    class Counting(ArrayFrames):
        reads = 0

        def read(self, frame, box=None):
            self.reads += 1
            return super().read(frame, box)

    movie = Counting(frames, Scale((2.0, 1.0, 1.0)))
    store = LabelStore(movie)
    for _ in range(3):
        store.read(0, cells[0])
        store.read(1, cells[1])
    assert movie.reads == 2
    store.forget_before(1)
    store.read(1, cells[1])
    assert movie.reads == 2
    store.read(0, cells[0])
    assert movie.reads == 3

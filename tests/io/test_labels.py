from pathlib import Path

import numpy as np
import pytest

from samtrack.blocks import slabs
from samtrack.errors import DataError
from samtrack.io import labels as label_store
from samtrack.io.labels import open_labels, written_labels
from samtrack.types import Box, Origin, Scale, Span


def labels_of(frame: int, shape: tuple[int, ...]) -> np.ndarray:
    rng = np.random.default_rng(frame)
    return rng.integers(0, 2**32, shape, dtype=np.uint32)


@pytest.mark.parametrize(("shape", "um"), [((7, 9), (0.5, 0.5)), ((3, 7, 9), (2.0, 0.5, 0.5))])
def test_blocks_read_back_as_one_movie(tmp_path: Path, shape: tuple[int, ...], um: tuple[float, ...]):
    scale = Scale(um, 3.0, is_calibrated=False)
    paths = []
    for span in (Span(0, 3), Span(3, 4), Span(4, 6)):
        paths.append(tmp_path / f"{span.start}.zarr")
        with written_labels(paths[-1], span, shape, scale, Origin.SEEDS) as writer:
            for frame in span.frames():
                writer.write(frame, labels_of(frame, shape))
    movie = open_labels(paths[::-1])
    assert (movie.n_frames, movie.shape, movie.dtype, movie.scale) == (6, shape, np.uint32, scale)
    assert movie.origin is Origin.SEEDS
    for frame in range(6):
        assert np.array_equal(movie.read(frame), labels_of(frame, shape))
    box = Box((1,) * len(shape), (3,) * len(shape))
    assert np.array_equal(movie.read(4, box), labels_of(4, shape)[box.slices])


def test_a_large_frame_is_one_shard_of_many_chunks(tmp_path: Path):
    with written_labels(tmp_path / "a.zarr", Span(0, 1), (3, 1100, 1200), Scale((1, 1, 1)), Origin.GIVEN) as writer:
        writer.write(0, np.full((3, 1100, 1200), 7, np.uint32))
    assert len([p for p in (tmp_path / "a.zarr").rglob("*") if p.is_file()]) == 2
    assert (open_labels([tmp_path / "a.zarr"]).read(0) == 7).all()


@pytest.mark.parametrize("shape", [(9, 20, 30), (5, 64, 7), (1, 70, 70), (40, 3, 3), (60, 50)])
def test_a_frame_written_box_by_box_is_the_frame(tmp_path: Path, monkeypatch, shape: tuple[int, ...]):
    monkeypatch.setattr(slabs, "LAYER_VOXELS", 1000)
    monkeypatch.setattr(label_store, "CHUNK_VOXELS", 300)
    monkeypatch.setattr(slabs, "SLAB_VOXELS", 130)
    scale, boxes = Scale((1.0,) * len(shape)), []

    def read(box: Box) -> np.ndarray:
        boxes.append(box)
        return labels_of(1, shape)[box.slices]

    with written_labels(tmp_path / "a.zarr", Span(1, 2), shape, scale, Origin.SEEDS) as writer:
        writer.write_boxes(1, read)
    assert np.array_equal(open_labels([tmp_path / "a.zarr"]).read(1), labels_of(1, shape))
    assert max(np.prod(box.shape) for box in boxes) <= 130


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_canvas_keeps_what_is_painted_and_leaves_nothing(tmp_path: Path, in_memory: bool):
    shape = (20, 150, 140)
    with written_labels(tmp_path / "a.zarr", Span(0, 1), shape, Scale((1, 1, 1)), Origin.SEEDS) as writer:
        with writer.canvas(0, in_memory) as canvas:
            assert canvas.shape == shape
            boxes = [Box((3, 100, 100), (19, 150, 133)), Box((0, 120, 0), (20, 131, 140))]
            for value, box in enumerate(boxes, 1):
                part = canvas.read(box)
                part[part == 0] = value
                canvas.write(box, part)
            whole = canvas.read(Box((0, 0, 0), shape))
        writer.write(0, whole)
    assert {path.name for path in (tmp_path / "a.zarr").iterdir()} == {"c", "zarr.json"}
    expected = np.zeros(shape, np.uint32)
    expected[boxes[1].slices] = 2
    expected[boxes[0].slices] = 1
    assert np.array_equal(open_labels([tmp_path / "a.zarr"]).read(0), expected)


def test_a_frame_of_no_block_given(tmp_path: Path):
    with written_labels(tmp_path / "a.zarr", Span(2, 4), (4, 4), Scale((1, 1)), Origin.GIVEN):
        pass
    movie = open_labels([tmp_path / "a.zarr"])
    assert not movie.read(3).any()
    with pytest.raises(IndexError, match="frame 1"):
        movie.read(1)


def test_an_unfinished_store_has_no_final_name(tmp_path: Path):
    with (
        pytest.raises(RuntimeError),
        written_labels(tmp_path / "a.zarr", Span(0, 2), (4, 4), Scale((1, 1)), Origin.GIVEN) as writer,
    ):
        writer.write(0, np.ones((4, 4), np.uint32))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [None, "{}", "not json"])
def test_what_is_no_label_store(tmp_path: Path, content: str | None):
    if content is not None:
        (tmp_path / "a.zarr").mkdir()
        (tmp_path / "a.zarr" / "zarr.json").write_text(content)
    with pytest.raises(DataError, match=r"a\.zarr: is not a label store"):
        open_labels([tmp_path / "a.zarr"])

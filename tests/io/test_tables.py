from pathlib import Path

import numpy as np
import pytest

from samtrack.errors import DataError
from samtrack.io import tables
from samtrack.types import Box, Detections, Divisions, Links, MaskPatch, Merges, Origin, Tracks, Typical


def some_detections(frames: list[int], labels: list[int], ndim: int = 2) -> Detections:
    n = len(frames)
    rng = np.random.default_rng(n)
    start = rng.integers(0, 50, (n, ndim))
    return Detections(
        frame=np.array(frames),
        label=np.array(labels),
        centroid_um=rng.random((n, ndim)) * 50,
        size_um=rng.random(n) + 1,
        box_start=start,
        box_stop=start + 5,
        intensity=rng.random(n),
        intensity_sd=rng.random(n),
        elongation=rng.random(n) + 1,
        spread=rng.random(n) + 1,
        neighbour_um=np.full(n, np.inf),
        border_um=rng.random(n),
        origin=np.zeros(n),
    )


def assert_same(a: Detections, b: Detections) -> None:
    for name in Detections.__slots__:
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


@pytest.mark.parametrize("ndim", [2, 3])
def test_detections_of_blocks_read_back_as_one(tmp_path: Path, ndim: int):
    whole = some_detections([0, 0, 1, 3, 3], [2, 9, 1, 4, 2**32 - 1], ndim)
    tables.write_detections(tmp_path / "a.parquet", whole.take(np.arange(2)))
    tables.write_detections(tmp_path / "b.parquet", whole.take(np.arange(2, 5)))
    assert_same(tables.read_detections([tmp_path / "a.parquet", tmp_path / "b.parquet"]), whole)


@pytest.mark.parametrize("ndim", [2, 3])
def test_no_detections_at_all(tmp_path: Path, ndim: int):
    tables.write_detections(tmp_path / "a.parquet", Detections.empty(ndim))
    back = tables.read_detections([tmp_path / "a.parquet"])
    assert (len(back), back.ndim) == (0, ndim)


def test_links_and_divisions_find_their_rows_in_a_larger_table(tmp_path: Path):
    block = some_detections([1, 1, 2], [5, 6, 5])
    links = Links([0, 1], [2, 2], [0.25, 0.75], [6, 6], np.array([[1.0], [2.0]]), ("overlap",))
    divisions = Divisions([0], [2], [1], [0.5], np.zeros((1, 0)))
    tables.write_links(tmp_path / "l.parquet", links, block, chosen=np.array([True, False]))
    tables.write_divisions(tmp_path / "d.parquet", divisions, block)

    whole = some_detections([0, 1, 1, 2], [1, 5, 6, 5])
    back, columns = tables.read_links([tmp_path / "l.parquet"], whole)
    assert back.source.tolist() == [1, 2]
    assert back.target.tolist() == [3, 3]
    assert back.score.tolist() == [0.25, 0.75]
    assert (back.feature_names, back.features.tolist()) == (("overlap",), [[1.0], [2.0]])
    assert columns["chosen"].tolist() == [True, False]
    pairs, _ = tables.read_divisions([tmp_path / "d.parquet"], whole)
    assert (pairs.mother[0], pairs.daughter_a[0], pairs.daughter_b[0]) == (1, 3, 2)


def test_merges_find_their_rows_and_a_block_reads_the_chosen_ones_of_its_frames(tmp_path: Path):
    whole = some_detections([0, 0, 1, 2, 2, 3, 4, 4], [3, 4, 1, 7, 8, 1, 5, 6])
    merges = Merges([0, 3], [1, 4], [2, 5], [4, 6], [3, 7], [0.9, 0.8], np.array([[1.0], [2.0]]), ("covered",))
    tables.write_merges(tmp_path / "m.parquet", merges, whole, chosen=np.array([True, True]))
    back, columns = tables.read_merges([tmp_path / "m.parquet"], whole)
    assert (back.shared.tolist(), back.after_a.tolist()) == ([2, 5], [4, 6])
    assert (back.feature_names, back.features.tolist()) == (("covered",), [[1.0], [2.0]])
    assert columns["chosen"].tolist() == [True, True]
    part = tables.read_shared(tmp_path / "m.parquet", whole.take(np.arange(3, 8)))
    assert (part.before_a.tolist(), part.shared.tolist()) == ([0], [2])
    tables.write_merges(tmp_path / "m.parquet", merges, whole, chosen=np.array([True, False]))
    assert tables.read_shared(tmp_path / "m.parquet", whole).shared.tolist() == [2]


def test_a_link_to_a_detection_that_is_not_there(tmp_path: Path):
    block = some_detections([1, 2], [5, 6])
    tables.write_links(tmp_path / "l.parquet", Links([0], [1], [1.0], [6], np.zeros((1, 0))), block)
    with pytest.raises(DataError, match="label 6 in frame 2"):
        tables.read_links([tmp_path / "l.parquet"], some_detections([1, 2], [5, 7]))


def test_tracks_read_back_for_the_movie_and_for_a_block(tmp_path: Path):
    whole = some_detections([0, 1, 1, 3], [1, 5, 6, 5])
    tracks = Tracks([1, 1, 2, 1], [1, 2], [0, 1], [3, 1], [0, 0])
    tables.write_tracks(tmp_path / "t.parquet", tmp_path / "a.parquet", tracks, whole)
    back = tables.read_tracks(tmp_path / "t.parquet", tmp_path / "a.parquet", whole)
    assert back.track_of.tolist() == [1, 1, 2, 1]
    assert back.last_frame.tolist() == [3, 1]
    part = tables.read_tracks(tmp_path / "t.parquet", tmp_path / "a.parquet", whole.take(np.array([2, 3])))
    assert part.track_of.tolist() == [2, 1]
    with pytest.raises(DataError, match="lacks 1 detections"):
        tables.read_tracks(tmp_path / "t.parquet", tmp_path / "a.parquet", some_detections([7], [7]))


@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 5)])
def test_patches_keep_every_voxel(tmp_path: Path, shape: tuple[int, ...]):
    mask = np.random.default_rng(0).random(shape) > 0.5
    box = Box((4,) * len(shape), tuple(4 + n for n in shape))
    patch = MaskPatch(7, 12, box, mask.copy(), np.zeros(shape, np.float32), 0.5, Origin.FILLED)
    tables.write_patches(tmp_path / "p.parquet", [patch], len(shape))
    tables.write_patches(tmp_path / "none.parquet", [], len(shape))
    (back,) = tables.read_patches([tmp_path / "none.parquet", tmp_path / "p.parquet"])
    assert (back.frame, back.track, back.box, back.score, back.origin) == (7, 12, box, 0.5, Origin.FILLED)
    assert np.array_equal(back.mask, mask)


def test_typical_keeps_infinity(tmp_path: Path):
    typical = Typical(3.5, float("inf"), 1.0, 7)
    tables.write_typical(tmp_path / "t.json", typical)
    assert tables.read_typical(tmp_path / "t.json") == typical


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really", None])
def test_a_damaged_table(tmp_path: Path, content: bytes | None):
    if content is not None:
        (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.parquet: cannot be read as Parquet"):
        tables.read_detections([tmp_path / "a.parquet"])


def test_a_table_of_something_else(tmp_path: Path):
    tables.write_table(tmp_path / "a.parquet", {"x": np.arange(3)})
    with pytest.raises(DataError, match="is not a table of detections"):
        tables.read_detections([tmp_path / "a.parquet"])


def test_equal_tables_have_equal_bytes(tmp_path: Path):
    for name in ("a", "b"):
        tables.write_detections(tmp_path / name, some_detections([0, 1], [1, 1]))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

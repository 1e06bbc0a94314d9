"""The numpy door: neither chunks nor tiles nor windows change what they should not, and memory is what was said."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from samtrack.models.sam2.adapter import Sam2Engine, Use, bytes_per_cell, fitted, spans
from samtrack.models.sam2.network import Features, Habits, Memory, Sam2Network
from samtrack.models.sam2.tasks import Known, Sought, shared_calls

USE = Use(torch.device("cpu"), torch.float32, memory_gb=2.0, cell_px=20, window_px=64, tile_px=128)
SAME = 1e-4


@pytest.fixture(scope="module")
def scene():
    """A plane of noise with nine squares, and their labels."""
    rng = np.random.default_rng(3)
    labels = np.zeros((128, 128), dtype=np.uint16)
    for i in range(9):
        y, x = 16 + 40 * (i // 3), 16 + 40 * (i % 3)
        labels[y - 8 : y + 8, x - 8 : x + 8] = i + 1
    return (0.5 * (labels > 0) + 0.3 * rng.random(labels.shape)).astype(np.float32), labels


@pytest.fixture
def make_engine(make_model):
    def make(habits=None, **changes):
        return Sam2Engine(Sam2Network(make_model(), habits or Habits()), replace(USE, **changes))

    return make


def carried(engine, scene, n=9):
    """All squares, remembered in the plane and carried to its mirror image."""
    plane, labels = scene
    lattice = engine.lattice(plane.shape, (20, 20))
    before, after = engine.look(plane, lattice), engine.look(plane[:, ::-1], lattice)
    label = np.arange(1, n + 1)
    centre = np.array([np.argwhere(labels == k).mean(axis=0) for k in label])
    corner = engine.corners(before, centre)
    return engine.carry([(1, engine.remember(before, labels, label, corner))], after, corner)


@pytest.mark.parametrize("habits", [Habits(), Habits(mask_prompt=True, pointers=False)])
def test_chunks_change_nothing(make_engine, scene, monkeypatch, habits):
    engine = make_engine(habits)
    assert len(shared_calls([9], engine._most)) == 1
    whole = carried(engine, scene)
    monkeypatch.setattr("samtrack.models.sam2.adapter.TOKENS_ON_CPU", 2 * 16)
    assert [part.stop - part.start for ((_, part),) in shared_calls([9], engine._most)] == [2, 2, 2, 2, 1]
    parts = carried(engine, scene)
    for name in ("logits", "object_logit", "iou"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), atol=SAME, rtol=SAME)
    assert np.abs(whole.logits[0] - whole.logits[1]).max() > 0.1


def test_chunks_fit_the_memory_given(make_engine):
    engine = make_engine(memory_gb=1e-9)
    assert [part.stop - part.start for ((_, part),) in shared_calls([3], engine._most)] == [1, 1, 1], (
        "one cell at a time at least"
    )
    each = bytes_per_cell(engine.network, engine.side)
    assert make_engine(memory_gb=2 * 4 * each / 1e9 + 1e-9)._most == 4, "half of it, four cells"


def test_two_runs_give_equal_bits(make_engine, scene):
    engine = make_engine()
    one, other = carried(engine, scene), carried(engine, scene)
    assert np.array_equal(one.logits, other.logits)
    assert np.array_equal(one.iou, other.iou)


def test_no_cells_give_no_masks(make_engine, scene):
    engine = make_engine()
    plane, _labels = scene
    picture = engine.look(plane, engine.lattice(plane.shape, (20, 20)))
    nothing = np.zeros((0, 2), dtype=np.int64)
    found = engine.from_points(picture, nothing, np.zeros((0, 1, 2)), np.zeros((0, 1)))
    assert found.logits.shape == (0, 16, 16)
    assert found.iou.shape == (0,)


def test_a_plane_that_fits_one_tile_is_encoded_as_it_is(make_engine, scene):
    engine = make_engine()
    plane = scene[0]
    picture = engine.look(plane, engine.lattice(plane.shape, (20, 20)))
    mean, sd = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = (torch.from_numpy(plane).expand(1, 3, -1, -1) - mean[:, None, None]) / sd[:, None, None]
    with torch.inference_mode():
        direct = engine.network.encode(pixels)
    for ours, theirs in zip(picture.maps, direct.maps, strict=True):
        torch.testing.assert_close(ours, theirs[0])


def test_a_plane_is_resampled_to_the_size_that_is_liked(make_engine, scene):
    engine = make_engine()
    plane = scene[0]
    picture = engine.look(plane, engine.lattice(plane.shape, (40, 10)))
    assert picture.lattice.size_px == (64, 256)
    assert picture.tokens == (4, 16)
    assert [tuple(m.shape[1:]) for m in picture.maps] == [(4, 16), (8, 32), (16, 64)]


def test_a_whole_window_is_full_attention(make_engine, scene):
    """The engine's answer in a window of the whole picture is the network's for the whole picture."""
    engine = make_engine(window_px=128)
    plane, labels = scene
    seen = carried(engine, scene, n=1)
    assert seen.corner.tolist() == [[0, 0]]
    assert seen.logits.shape == (1, 32, 32)
    lattice = engine.lattice(plane.shape, (20, 20))
    pictures = [engine.look(plane, lattice), engine.look(plane[:, ::-1], lattice)]
    before, after = (Features(*(m[None] for m in picture.maps)) for picture in pictures)
    with torch.inference_mode():
        memory = engine.network.remember(before, torch.from_numpy(labels == 1).float()[None])
        direct = engine.network.carry(after, [(1, memory)])
    np.testing.assert_allclose(seen.logits, direct.logits.numpy(), atol=SAME, rtol=SAME)


def test_tiles_put_together_agree_with_one_large_tile(make_model):
    """Smooth pictures, random weights: within the cores, stitched features differ by less than cells differ.

    An encoder with global attention sees all of its tile, so tiles cannot agree to rounding; halos keep seams small.
    """
    model = make_model(image=256)
    y, x = np.mgrid[:256, :256] / 256
    plane = (0.5 + 0.2 * np.sin(9 * y) + 0.2 * np.cos(7 * x)).astype(np.float32)
    maps = []
    for tile in (256, 192):
        engine = Sam2Engine(Sam2Network(model), replace(USE, tile_px=tile))
        picture = engine.look(plane, engine.lattice(plane.shape, (20, 20)))
        maps.append(picture.maps[2])
    scatter = float(maps[0].std())
    off = (maps[1] - maps[0]).abs()
    assert 0 < float(off.mean()) < 0.5 * scatter
    assert float(off[:, 8:-8, 8:-8].mean()) < 0.5 * scatter


@pytest.mark.parametrize(("n", "tile"), [(5, 8), (8, 8), (9, 8), (20, 8), (41, 8), (100, 32), (3, 2)])
def test_tiles_own_every_token_once(n, tile):
    found = spans(n, tile)
    assert [t for _, a, b in found for t in range(a, b)] == list(range(n))
    for first, start, stop in found:
        assert first <= start < stop <= first + max(tile, n if n <= tile else tile)
        assert start == 0 or start - first >= min(2, (tile - 1) // 2)
        assert stop == n or first + tile - stop >= min(2, (tile - 1) // 2)


@pytest.mark.parametrize(
    ("n", "most", "side"), [(5, 8, 6), (8, 8, 8), (9, 8, 8), (38, 32, 22), (104, 32, 30), (66, 32, 26), (15, 32, 16)]
)
def test_tiles_are_no_larger_than_the_picture_asks_for(n, most, side):
    assert fitted(n, most) == side
    assert len(spans(n, side)) == len(spans(n, most))


def test_points_fall_where_they_are_put(make_engine, scene, monkeypatch):
    """Voxel (y, x) is pixel (x, y) of a window that starts at the plane's corner: the network adds half a pixel itself."""
    engine = make_engine()
    plane = scene[0]
    picture = engine.look(plane, engine.lattice(plane.shape, (20, 20)))
    asked = []
    network = engine.network
    monkeypatch.setattr(
        network, "from_points", lambda w, xy, s: (asked.append(xy), Sam2Network.from_points(network, w, xy, s))[1]
    )
    corner = np.array([[0, 0], [1, 2]])
    seen = engine.from_points(picture, corner, np.array([[[10, 30]], [[40, 60]]]), np.ones((2, 1)))
    assert asked[0].tolist() == [[[30.0, 10.0]], [[28.0, 24.0]]]
    assert seen.logits.shape == (2, 16, 16)


def test_windows_stay_within_the_picture(make_engine, scene):
    engine = make_engine()
    plane = scene[0]
    picture = engine.look(plane, engine.lattice(plane.shape, (20, 20)))
    found = engine.corners(picture, np.array([[0, 0], [127, 127], [64, 0]]))
    assert found.tolist() == [[0, 0], [4, 4], [2, 0]]


def test_a_window_that_does_not_fit_the_network(make_model):
    with pytest.raises(ValueError, match="a window of 256 px is not within the 8 tokens of the network"):
        Sam2Engine(Sam2Network(make_model()), replace(USE, window_px=256))


def test_half_precision_says_nearly_the_same(make_engine, scene):
    full, half = carried(make_engine(), scene), carried(make_engine(dtype=torch.bfloat16), scene)
    assert half.logits.dtype == np.float32
    off = np.sqrt(np.mean((half.logits - full.logits) ** 2))
    assert 0 < off < 0.15 * full.logits.std()


def test_memories_of_several_chunks_are_one(make_engine, scene, monkeypatch):
    plane, labels = scene
    engine = make_engine()
    picture = engine.look(plane, engine.lattice(plane.shape, (20, 20)))
    corner, label = np.zeros((9, 2), dtype=np.int64), np.arange(1, 10)
    monkeypatch.setattr("samtrack.models.sam2.adapter.TOKENS_ON_CPU", 4 * 16)
    memory = engine.remember(picture, labels, label, corner)
    assert isinstance(memory, Memory)
    assert memory.given
    assert memory.spatial.shape == (9, 64, 4, 4)
    assert memory.pointer.shape == (9, 128)
    assert memory.logits.shape == (9, 1, 16, 16)


def test_the_encoder_is_compiled_if_asked(make_engine, scene, monkeypatch):
    """What PyTorch makes of it is its own concern, and takes minutes."""
    compiled = []

    def compile_nothing(function):
        return lambda pixels: (compiled.append(pixels.shape), function(pixels))[1]

    plain = carried(make_engine(), scene, n=2)
    monkeypatch.setattr(torch, "compile", compile_nothing)
    found = carried(make_engine(compiled=True), scene, n=2)
    assert compiled == [(1, 3, 128, 128)] * 2, "both planes went through what was compiled"
    assert np.array_equal(found.logits, plain.logits)


MEASURE = """
import json, sys
sys.path.insert(0, {folder!r})
import torch
from conftest import small_model
from samtrack.models.sam2.adapter import bytes_per_cell
from samtrack.models.sam2.network import Features, Sam2Network

def kilobytes(what):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(what))

torch.set_num_threads(1)
network = Sam2Network(small_model(width={width}, image=256)).eval().requires_grad_(False)
side, width = 16, {width}

@torch.inference_mode()
def work(n):
    shapes = [(n, width, side, side), (n, width // 4, 2 * side, 2 * side), (n, width // 8, 4 * side, 4 * side)]
    window = Features(*(torch.randn(shape) for shape in shapes))
    memory = network.remember(window, torch.ones(n, 16 * side, 16 * side))
    network.carry(window, [(1, memory)])

work(1)
open("/proc/self/clear_refs", "w").write("5")
before = kilobytes("VmRSS:")
work(24)
print(json.dumps([1024 * (kilobytes("VmHWM:") - before) / 24, bytes_per_cell(network, side)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory from /proc")
@pytest.mark.parametrize("width", [128, 256])
def test_the_memory_of_a_cell_is_what_is_said(width):
    code = MEASURE.format(folder=str(Path(__file__).parent), width=width)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    measured, said = json.loads(done.stdout.splitlines()[-1])
    assert measured < said < 3 * measured


def test_cells_of_several_planes_share_calls_and_get_the_same_answers(make_engine):
    engine = make_engine()
    rng = np.random.default_rng(5)
    pictures, tasks = [], []
    for n in (1, 3, 2):
        plane = rng.random((96, 96), dtype=np.float32)
        picture = engine.look(plane, engine.lattice(plane.shape, (engine.use.cell_px, engine.use.cell_px)))
        labels = np.zeros(plane.shape, dtype=int)
        centre = rng.integers(20, 76, (n, 2))
        for label, (y, x) in enumerate(centre, start=1):
            labels[y - 5 : y + 5, x - 5 : x + 5] = label
        corner = engine.corners(picture, centre)
        pictures.append(picture)
        tasks.append(Known(picture, labels, np.unique(labels)[1:], corner[: len(np.unique(labels)) - 1]))
    together = engine.remember_all(tasks)
    sought = [Sought([(1, m)], p, t.corner) for m, p, t in zip(together, pictures[::-1], tasks, strict=True)]
    for found, task, memory, picture in zip(engine.carry_all(sought), tasks, together, pictures[::-1], strict=True):
        alone = engine.remember(task.picture, task.labels, task.label, task.corner)
        torch.testing.assert_close(memory.spatial, alone.spatial, atol=2e-2, rtol=2e-2)
        single = engine.carry([(1, memory)], picture, task.corner)
        np.testing.assert_allclose(found.logits, single.logits, atol=1e-4)
        np.testing.assert_allclose(found.object_logit, single.object_logit, atol=1e-4)

"""The door to SAM 2 for the rest of samtrack: arrays in, arrays out, many cells at once.

A plane of a frame is looked at once (`Sam2Engine.look`): cut into tiles with a halo, encoded, and put together to one map
of features that all its cells share, as sources and as targets, forward and backward. Each cell then works in a window of
that map. What is expensive per cell runs in chunks that fit the memory given; results do not depend on the chunks but for
rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from samtrack.models.sam2.memories import joined, some_of
from samtrack.models.sam2.network import Features, Memory, Prediction, Sam2Network
from samtrack.models.sam2.tasks import Known, Sought, pieces, shared_calls
from samtrack.models.sam2.windows import HALO_TOKENS, LOGIT_SAMPLES, MASK_SAMPLES, Ints, Lattice, masks_in

Floats = npt.NDArray[np.float32]

COLOUR_MEAN = (0.485, 0.456, 0.406)
COLOUR_SD = (0.229, 0.224, 0.225)
"""Mean and standard deviation of the colours that SAM 2's encoders expect; grey pictures are repeated three times."""

TOKENS_ON_CPU = 2048
"""Tokens per chunk of cells on a CPU, 8 windows of 256 px: larger chunks fall out of the cache and cost up to half more."""

MOST_ON_GPU = 2048
"""Cells per chunk on a GPU, if the memory given allows: beyond, the device is busy anyway."""

TILES_AT_ONCE = {"cpu": 2, "other": 16}
"""Tiles per call of the encoder: on a CPU batches bring nothing."""

MOST_ZOOM = 3.0
"""Most model pixels per voxel: enlarging further shows nothing new, at a cost that grows with the square."""

SHARE_FOR_CELLS = 0.5
"""Share of the memory given that chunks of cells may take; the rest is for pictures and what the libraries keep."""


@dataclass(frozen=True, slots=True)
class Use:
    """How an engine runs: its device, the type matrices are multiplied in, memory in GB, sizes in model pixels.

    ``cell_px``: diameter of a typical cell; ``window_px``: side of a cell's window; ``tile_px``: side of a tile
    (networks that take one size of pictures only use that).
    """

    device: torch.device
    dtype: torch.dtype
    memory_gb: float
    cell_px: float
    window_px: int
    tile_px: int
    compiled: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """One plane, encoded: its lattice and its maps of features, each (channels, h, w)."""

    lattice: Lattice
    tokens: tuple[int, int]
    maps: tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class Carried:
    """Predicted masks: logits (n, 4w, 4w) in the windows whose corners, in tokens of ``lattice``, are given.

    ``object_logit`` and ``iou`` (n,): is the cell there at all, and how good the mask is expected to be.
    """

    logits: Floats
    object_logit: Floats
    iou: Floats
    corner: Ints
    lattice: Lattice


class Sam2Engine:
    """A network and how to use it. All planes, labels and places are numpy arrays, (y, x).

    The network is taken over: its weights go to the device, those of its matrices to the type they are multiplied in.
    """

    def __init__(self, network: Sam2Network, use: Use) -> None:
        self.use = use
        self.network = _prepared(network, use)
        self.side = use.window_px // network.stride_px
        self.tile_px = network.only_tile_px or use.tile_px
        if not 1 <= self.side <= network.grid:
            raise ValueError(f"a window of {use.window_px} px is not within the {network.grid} tokens of the network")
        self._encode = torch.compile(network.encode) if use.compiled else network.encode
        self._mean = torch.tensor(COLOUR_MEAN, device=use.device)[:, None, None]
        self._sd = torch.tensor(COLOUR_SD, device=use.device)[:, None, None]

    def lattice(self, shape: tuple[int, int], cell_px: tuple[float, float]) -> Lattice:
        """The lattice of a plane in which a typical cell measures so many voxels along y and x."""
        zoom = (min(self.use.cell_px / cell_px[0], MOST_ZOOM), min(self.use.cell_px / cell_px[1], MOST_ZOOM))
        return Lattice(shape, zoom, self.network.stride_px)

    def look(self, plane: Floats, lattice: Lattice) -> Picture:
        """Encode a plane of grey values from 0 to 1."""
        px = lattice.token_px
        tokens = tuple(max(-(-n // px), self.side) for n in lattice.size_px)
        with self._running():
            picture = self._resampled(plane, lattice, tokens)
            sides = self._tile_sides(tokens)
            along = [spans(n, side) for n, side in zip(tokens, sides, strict=True)]
            tiles = [(y, x) for y in along[0] for x in along[1]]
            maps: tuple[Tensor, ...] | None = None
            at_once = TILES_AT_ONCE.get(self.use.device.type, TILES_AT_ONCE["other"])
            for start in range(0, len(tiles), at_once):
                some = tiles[start : start + at_once]
                seen = self._encode(torch.stack([self._tile(picture, y, x, sides) for y, x in some]))
                if maps is None:
                    maps = tuple(m.new_empty((m.shape[1], tokens[0] * f, tokens[1] * f)) for m, f in _scaled(seen))
                for i, (y, x) in enumerate(some):
                    _paste(maps, seen, i, y, x)
        assert maps is not None  # noqa: S101 - a picture has at least one tile
        return Picture(lattice, (tokens[0], tokens[1]), (maps[0], maps[1], maps[2]))

    def corners(self, picture: Picture, centre: npt.NDArray[Any]) -> Ints:
        """Corners of the windows around places (n, 2), in voxels; moved so that windows lie within the picture."""
        corner = picture.lattice.corners(centre, self.side)
        return np.clip(corner, 0, np.array(picture.tokens) - self.side)

    def remember(self, picture: Picture, labels: npt.NDArray[Any], label: npt.NDArray[Any], corner: Ints) -> Memory:
        """What is remembered of cells that are known: the masks of ``label`` (n,) in the plane ``labels``."""
        return self.remember_all([Known(picture, labels, label, corner)])[0]

    def remember_all(self, tasks: Sequence[Known]) -> list[Memory]:
        """The same for cells of several pictures, which share calls of the network."""
        found: list[list[Memory]] = [[] for _ in tasks]
        for call in shared_calls([len(t.label) for t in tasks], self._most):
            parts = [(tasks[i], part) for i, part in call]
            mask = np.concatenate(
                [masks_in(t.labels, t.label[p], t.picture.lattice, t.corner[p], self.side) for t, p in parts]
            )
            with self._running():
                tensor = torch.from_numpy(mask).to(self.use.device, torch.float32)
                memory = self.network.remember(self._windows([(t.picture, t.corner[p]) for t, p in parts]), tensor)
            for (i, _), piece in zip(call, pieces([len(t.label[p]) for t, p in parts]), strict=True):
                found[i].append(some_of(memory, piece))
        return [joined(memories) for memories in found]

    def carry(self, memories: Sequence[tuple[int, Memory]], picture: Picture, corner: Ints) -> Carried:
        """Remembered cells in another frame; ``memories``: how many frames ago (≥ 1), and what is remembered of it."""
        return self.carry_all([Sought(memories, picture, corner)])[0]

    def carry_all(self, tasks: Sequence[Sought]) -> list[Carried]:
        """The same for cells of several pictures, which share calls of the network; all of them as many frames ago."""
        found: list[list[tuple[Floats, Floats, Floats]]] = [[] for _ in tasks]
        for call in shared_calls([len(t.corner) for t in tasks], self._most):
            parts = [(tasks[i], part) for i, part in call]
            with self._running():
                known = [
                    (
                        times[0][0],
                        joined([some_of(memory, p) for (_, memory), (_, p) in zip(times, parts, strict=True)]),
                    )
                    for times in zip(*(t.memories for t, _ in parts), strict=True)
                ]
                seen = self.network.carry(self._windows([(t.picture, t.corner[p]) for t, p in parts]), known)
                arrays = _to_numpy(seen)
            for (i, _), piece in zip(call, pieces([len(t.corner[p]) for t, p in parts]), strict=True):
                found[i].append((arrays[0][piece], arrays[1][piece], arrays[2][piece]))
        return [self._carried(of, task.picture, task.corner) for of, task in zip(found, tasks, strict=True)]

    def from_points(self, picture: Picture, corner: Ints, points: npt.NDArray[Any], is_in: npt.NDArray[Any]) -> Carried:
        """Cells shown by points (n, p, 2), (y, x) in voxels; ``is_in`` (n, p): 1 on the cell, 0 off it, -1 no point."""
        inside = picture.lattice.inside(points, corner)[..., ::-1].astype(np.float32) - 0.5  # networks add it again
        found = []
        for ((_, part),) in shared_calls([len(corner)], self._most):
            with self._running():
                xy = torch.from_numpy(np.ascontiguousarray(inside[part])).to(self.use.device)
                sign = torch.from_numpy(np.ascontiguousarray(is_in[part])).to(self.use.device, torch.int64)
                found.append(_to_numpy(self.network.from_points(self._window(picture, corner[part]), xy, sign)))
        return self._carried(found, picture, corner)

    def _carried(self, found: list[tuple[Floats, Floats, Floats]], picture: Picture, corner: Ints) -> Carried:
        side = self.side * LOGIT_SAMPLES
        logits, object_logit, iou = zip(*found, strict=True) if found else ((), (), ())
        return Carried(
            np.concatenate([np.zeros((0, side, side), dtype=np.float32), *logits]),
            np.concatenate([np.zeros(0, dtype=np.float32), *object_logit]),
            np.concatenate([np.zeros(0, dtype=np.float32), *iou]),
            corner,
            picture.lattice,
        )

    @contextmanager
    def _running(self) -> Iterator[None]:
        """No gradients; matrices in the engine's type."""
        half = self.use.dtype != torch.float32
        with torch.inference_mode(), torch.autocast(self.use.device.type, self.use.dtype, enabled=half):
            yield

    @property
    def _most(self) -> int:
        """Cells per call that fit the memory given."""
        most = TOKENS_ON_CPU // self.side**2 if self.use.device.type == "cpu" else MOST_ON_GPU
        fits = int(self.use.memory_gb * 1e9 * SHARE_FOR_CELLS / bytes_per_cell(self.network, self.side))
        return max(1, min(most, fits))

    def _resampled(self, plane: Floats, lattice: Lattice, tokens: tuple[int, ...]) -> Tensor:
        """The plane in model pixels as (3, h, w), mirrored at its rim up to whole tokens (and to a tile at least)."""
        grey = torch.from_numpy(np.ascontiguousarray(plane, dtype=np.float32)).to(self.use.device)[None, None]
        if lattice.size_px != tuple(plane.shape):
            grey = functional.interpolate(grey, size=lattice.size_px, mode="bilinear", antialias=True)
        size = [max(n, side) * lattice.token_px for n, side in zip(tokens, self._tile_sides(tokens), strict=True)]
        rows, columns = (_mirrored(n, m, self.use.device) for n, m in zip(grey.shape[-2:], size, strict=True))
        return (grey[0].expand(3, -1, -1)[:, rows[:, None], columns] - self._mean) / self._sd

    def _tile_sides(self, tokens: tuple[int, ...]) -> tuple[int, int]:
        """Sides of the tiles of a picture, in tokens: as many tiles as needed, none larger than the picture asks for."""
        most = self.tile_px // self.network.stride_px
        if self.network.only_tile_px:
            return most, most
        return fitted(tokens[0], most), fitted(tokens[1], most)

    def _tile(self, picture: Tensor, y: tuple[int, ...], x: tuple[int, ...], sides: tuple[int, int]) -> Tensor:
        px = self.network.stride_px
        return picture[:, y[0] * px : (y[0] + sides[0]) * px, x[0] * px : (x[0] + sides[1]) * px]

    def _window(self, picture: Picture, corner: Ints) -> Features:
        """The features under windows, each (n, channels, w·f, w·f)."""
        at = torch.from_numpy(corner).to(self.use.device)
        found = []
        for features, factor in zip(picture.maps, (1, 2, 4), strict=True):
            step = torch.arange(self.side * factor, device=self.use.device)
            rows, columns = at[:, 0, None] * factor + step, at[:, 1, None] * factor + step
            found.append(features[:, rows[:, :, None], columns[:, None, :]].transpose(0, 1))
        return Features(*found)

    def _windows(self, parts: Sequence[tuple[Picture, Ints]]) -> Features:
        """The features under windows of several pictures, one after the other."""
        seen = [self._window(picture, corner) for picture, corner in parts]
        return (
            seen[0]
            if len(seen) == 1
            else Features(*(torch.cat(maps) for maps in zip(*(f.maps for f in seen), strict=True)))
        )


def _prepared(network: Sam2Network, use: Use) -> Sam2Network:
    """The network on its device, ready to answer: what every call would convert or copy anew is done once."""
    network = network.to(use.device).eval().requires_grad_(False)
    for part in network.modules():
        if isinstance(part, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            part.to(use.dtype)
        if isinstance(part, nn.ReLU):
            part.inplace = True  # a wide map fewer per layer of memory attention
    return network


def fitted(n: int, most: int) -> int:
    """Side of the tiles along an axis of ``n`` tokens: at most ``most``, even, and with little beyond the axis."""
    halo = min(HALO_TOKENS, (most - 1) // 2)
    count = 1 if n <= most else -(-(n - 2 * halo) // (most - 2 * halo))
    side = -(-(n + (count - 1) * 2 * halo) // count)
    return min(side + side % 2, most)  # the coarsest maps of the encoders have half as many tokens


def spans(n: int, tile: int) -> list[tuple[int, int, int]]:
    """Tiles along an axis of ``n`` tokens: first token of each, and first and last-but-one token that it owns."""
    if n <= tile:
        return [(0, 0, n)]
    halo = min(HALO_TOKENS, (tile - 1) // 2)
    count = -(-(n - 2 * halo) // (tile - 2 * halo))
    first = [round(i * (n - tile) / (count - 1)) for i in range(count)]
    seams = [0, *((a + tile + b) // 2 for a, b in pairwise(first)), n]
    return [(f, a, b) for f, a, b in zip(first, seams, seams[1:], strict=False)]


def bytes_per_cell(network: Sam2Network, side: int) -> float:
    """Peak memory that one cell adds to a chunk: masks, the maps of the decoder, and the tokens of memory attention.

    Numbers of float32 maps of each kind that live at once, fitted to what was measured for two networks and three sizes of
    windows, rounded up; ``tests/models/sam2/test_adapter.py`` measures it again.
    """
    width, tokens = network.width, side * side
    wide = network.model.config.memory_attention_feed_forward_hidden_size
    masks = 9 * MASK_SAMPLES**2
    maps = 3 * (16 * width / 8 + 4 * width / 4)
    return 4.0 * tokens * (masks + maps + 14 * width + 2 * wide)


def _scaled(seen: Features) -> list[tuple[Tensor, int]]:
    return list(zip(seen.maps, (1, 2, 4), strict=True))


def _paste(maps: Sequence[Tensor], seen: Features, i: int, y: tuple[int, int, int], x: tuple[int, int, int]) -> None:
    """Write what one tile owns."""
    for whole, (part, f) in zip(maps, _scaled(seen), strict=True):
        rows, columns = slice(y[1] * f, y[2] * f), slice(x[1] * f, x[2] * f)
        inside = (slice((y[1] - y[0]) * f, (y[2] - y[0]) * f), slice((x[1] - x[0]) * f, (x[2] - x[0]) * f))
        whole[:, rows, columns] = part[i][:, inside[0], inside[1]]


def _mirrored(n: int, size: int, device: torch.device) -> Tensor:
    """Indices 0 … size - 1 folded back at both ends of ``n`` voxels."""
    at = torch.arange(size, device=device) % (2 * n)
    return torch.where(at < n, at, 2 * n - 1 - at)


def _to_numpy(seen: Prediction) -> tuple[Floats, Floats, Floats]:
    logits, object_logit, iou = (t.float().cpu().numpy() for t in (seen.logits, seen.object_logit, seen.iou))
    return logits, object_logit, iou

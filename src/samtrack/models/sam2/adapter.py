"""The door to SAM 2 for the rest of samtrack: arrays in, arrays out, many cells at once.

A plane of a frame is looked at once (`Sam2Engine.look`): cut into tiles with a halo, encoded, and put together to one map
of features that all its cells share, as sources and as targets, forward and backward. Each cell then works in a window of
that map. What is expensive per cell runs in chunks that fit the memory given; results do not depend on the chunks but for
rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from samtrack.models.sam2.network import LOGIT_SAMPLES, Features, Memory, Prediction, Sam2Network
from samtrack.models.sam2.windows import Ints, Lattice, masks_in

Floats = npt.NDArray[np.float32]

COLOUR_MEAN = (0.485, 0.456, 0.406)
COLOUR_SD = (0.229, 0.224, 0.225)
"""Mean and standard deviation of the colours that SAM 2's encoders expect; grey pictures are repeated three times."""

HALO_TOKENS = 2
"""Tokens around the core of a tile that are computed and thrown away: at the rim, an encoder sees too little."""

MOST_ON_CPU = 32
"""Cells per chunk on a CPU: larger batches cost the same per cell or more, for lack of cache."""

MOST_ON_GPU = 2048
"""Cells per chunk on a GPU, if the memory given allows: beyond, the device is busy anyway."""

TILES_AT_ONCE = {"cpu": 2, "other": 16}
"""Tiles per call of the encoder: on a CPU batches bring nothing."""

SHARE_FOR_CELLS = 0.5
"""Share of the memory given that chunks of cells may take; the rest is for pictures and what the libraries keep."""


@dataclass(frozen=True, slots=True)
class Use:
    """How an engine runs: its device, the type matrices are multiplied in, memory in GB, sizes in model pixels.

    ``cell_px``: diameter of a typical cell; ``window_px``: side of a cell's window; ``tile_px``: side of a tile.
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
    """A network and how to use it. All planes, labels and places are numpy arrays, (y, x)."""

    def __init__(self, network: Sam2Network, use: Use) -> None:
        self.use = use
        self.network = network.to(use.device).eval().requires_grad_(False)
        self.side = use.window_px // network.stride_px
        if not 1 <= self.side <= network.grid:
            raise ValueError(f"a window of {use.window_px} px is not within the {network.grid} tokens of the network")
        self._encode = torch.compile(network.encode) if use.compiled else network.encode
        self._mean = torch.tensor(COLOUR_MEAN, device=use.device)[:, None, None]
        self._sd = torch.tensor(COLOUR_SD, device=use.device)[:, None, None]

    def lattice(self, shape: tuple[int, int], cell_px: tuple[float, float]) -> Lattice:
        """The lattice of a plane in which a typical cell measures so many voxels along y and x."""
        zoom = (self.use.cell_px / cell_px[0], self.use.cell_px / cell_px[1])
        return Lattice(shape, zoom, self.network.stride_px)

    def look(self, plane: Floats, lattice: Lattice) -> Picture:
        """Encode a plane of grey values from 0 to 1."""
        px = lattice.token_px
        tokens = tuple(max(-(-n // px), self.side) for n in lattice.size_px)
        with self._running():
            picture = self._resampled(plane, lattice, tokens)
            tile = self.use.tile_px // px
            tiles = [(y, x) for y in spans(tokens[0], tile) for x in spans(tokens[1], tile)]
            maps: tuple[Tensor, ...] | None = None
            at_once = TILES_AT_ONCE.get(self.use.device.type, TILES_AT_ONCE["other"])
            for start in range(0, len(tiles), at_once):
                some = tiles[start : start + at_once]
                seen = self._encode(torch.stack([self._tile(picture, y, x, tile) for y, x in some]))
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
        found = []
        for part in self._chunks(len(label)):
            mask = masks_in(labels, label[part], picture.lattice, corner[part], self.side)
            with self._running():
                tensor = torch.from_numpy(mask).to(self.use.device, torch.float32)
                found.append(self.network.remember(self._window(picture, corner[part]), tensor))
        return _joined(found)

    def carry(self, memories: Sequence[tuple[int, Memory]], picture: Picture, corner: Ints) -> Carried:
        """Remembered cells in another frame; ``memories``: how many frames ago (≥ 1), and what is remembered of it."""
        found = []
        for part in self._chunks(len(corner)):
            with self._running():
                known = [(ago, _some(memory, part)) for ago, memory in memories]
                found.append(_to_numpy(self.network.carry(self._window(picture, corner[part]), known)))
        return self._carried(found, picture, corner)

    def from_points(self, picture: Picture, corner: Ints, points: npt.NDArray[Any], is_in: npt.NDArray[Any]) -> Carried:
        """Cells shown by points (n, p, 2), (y, x) in voxels; ``is_in`` (n, p): 1 on the cell, 0 off it, -1 no point."""
        inside = picture.lattice.inside(points, corner)[..., ::-1].astype(np.float32)
        found = []
        for part in self._chunks(len(corner)):
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

    def _running(self) -> Any:
        """No gradients; matrices in the engine's type."""
        half = self.use.dtype != torch.float32
        return _Both(torch.inference_mode(), torch.autocast(self.use.device.type, self.use.dtype, enabled=half))

    def _chunks(self, n: int) -> list[slice]:
        """Parts of ``n`` cells that fit the memory given."""
        most = MOST_ON_CPU if self.use.device.type == "cpu" else MOST_ON_GPU
        fits = int(self.use.memory_gb * 1e9 * SHARE_FOR_CELLS / bytes_per_cell(self.network, self.side))
        step = max(1, min(most, fits))
        return [slice(a, min(a + step, n)) for a in range(0, n, step)]

    def _resampled(self, plane: Floats, lattice: Lattice, tokens: tuple[int, ...]) -> Tensor:
        """The plane in model pixels as (3, h, w), mirrored at its rim up to whole tokens (and to a tile at least)."""
        grey = torch.from_numpy(np.ascontiguousarray(plane, dtype=np.float32)).to(self.use.device)[None, None]
        if lattice.size_px != tuple(plane.shape):
            grey = functional.interpolate(grey, size=lattice.size_px, mode="bilinear", antialias=True)
        least = self.use.tile_px
        size = [max(n * lattice.token_px, least) for n in tokens]
        rows, columns = (_mirrored(n, m, self.use.device) for n, m in zip(grey.shape[-2:], size, strict=True))
        return (grey[0].expand(3, -1, -1)[:, rows[:, None], columns] - self._mean) / self._sd

    def _tile(self, picture: Tensor, y: tuple[int, ...], x: tuple[int, ...], side: int) -> Tensor:
        px = self.network.stride_px
        return picture[:, y[0] * px : (y[0] + side) * px, x[0] * px : (x[0] + side) * px]

    def _window(self, picture: Picture, corner: Ints) -> Features:
        """The features under windows, each (n, channels, w·f, w·f)."""
        at = torch.from_numpy(corner).to(self.use.device)
        found = []
        for features, factor in zip(picture.maps, (1, 2, 4), strict=True):
            step = torch.arange(self.side * factor, device=self.use.device)
            rows, columns = at[:, 0, None] * factor + step, at[:, 1, None] * factor + step
            found.append(features[:, rows[:, :, None], columns[:, None, :]].transpose(0, 1))
        return Features(*found)


class _Both:
    """Two contexts entered together."""

    def __init__(self, *contexts: Any) -> None:
        self._contexts = contexts

    def __enter__(self) -> None:
        for context in self._contexts:
            context.__enter__()

    def __exit__(self, *what: Any) -> None:
        for context in reversed(self._contexts):
            context.__exit__(*what)


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
    """Peak memory that one cell adds to a chunk: masks, the maps of the decoder, and tokens with what attention makes.

    An estimate from the sizes of the network, on the safe side; ``tests/models/sam2/test_adapter.py`` measures it.
    """
    width, tokens = network.width, side * side
    wide = network.model.config.memory_attention_feed_forward_hidden_size
    masks = 256 * 4 + 64 * 4 * 3 + 16 * 16 * 3 + 4 * 64 * 3 + 256 * 3
    maps = 16 * (width / 8) * 5 + 4 * (width / 4) * 5
    return 4.0 * tokens * (masks + maps + 24 * width + 3 * wide + 4 * tokens)


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


def _joined(parts: list[Memory]) -> Memory:
    if len(parts) == 1:
        return parts[0]
    pointers = [p.pointer for p in parts if p.pointer is not None]
    spatial, logits = torch.cat([p.spatial for p in parts]), torch.cat([p.logits for p in parts])
    return Memory(spatial, torch.cat(pointers) if pointers else None, logits, parts[0].given)


def _some(memory: Memory, part: slice) -> Memory:
    pointer = None if memory.pointer is None else memory.pointer[part]
    return Memory(memory.spatial[part], pointer, memory.logits[part], memory.given)


def _to_numpy(seen: Prediction) -> tuple[Floats, Floats, Floats]:
    logits, object_logit, iou = (t.float().cpu().numpy() for t in (seen.logits, seen.object_logit, seen.iou))
    return logits, object_logit, iou

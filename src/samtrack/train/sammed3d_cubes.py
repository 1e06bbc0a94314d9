"""Cubes to learn from: tiles of a volume with the labels of its cells, cut as the network is shown them later."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from samtrack.models.sammed3d.tiles import Float32s, Tiles, grey_range, in_range
from samtrack.simulate.degrade import degrade_frame
from samtrack.simulate.lineage import simulate_lineage
from samtrack.simulate.render import render_frame
from samtrack.train.sammed3d_recipes import recipe
from samtrack.train.workers import mixed_stream

CUBES_PER_VOLUME = 16
"""Cubes cut from one simulated volume: simulating costs ten times more than cutting."""

ANYWHERE = 0.1
"""Share of cubes cut anywhere; the others are cut around a cell."""

OFF_CENTRE = 0.35
"""How far from the middle of its cube that cell may lie along each axis, as a share of the side."""

Labels = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Cube:
    """A tile and the truth in it."""

    image: Float32s
    """(n, n, n), above 0 to 1; 0 beyond the frame."""
    labels: Labels
    """(n, n, n), numbered from 1; 0: background."""
    seed: int


def simulated_stream(seed: int, side: int, cell_px: float, workers: int = 1, start: int = 0) -> Generator[Cube]:
    """Cubes ``start``, ``start`` + 1, ... of random volumes, without end (`mixed_stream`)."""
    return mixed_stream(partial(_cubes_of, seed, side, cell_px), CUBES_PER_VOLUME, workers, start)


def simulated_cubes(seed: int, side: int, cell_px: float, n: int) -> list[Cube]:
    """Some cubes of one random volume."""
    settings, diameter = recipe(seed, cell_px, side)
    cells = simulate_lineage(settings).frames[0]
    labels, light = render_frame(settings, cells, 0)
    image = degrade_frame(settings, light, cells.origin_um, 0)
    shown = in_range(image, *grey_range(image))
    tiles = Tiles.for_cells(labels.shape, settings.scale.um_per_voxel, diameter, cell_px, side)
    rng = np.random.default_rng([seed, 6])
    centres = cells.anchor[cells.track > 0].astype(np.float64)
    found = []
    for _ in range(n):
        corner = drawn_corner(tiles, centres, rng)
        image_cube = tiles.cut(lambda box: shown[box.slices], corner)
        label_cube = tiles.cut_labels(lambda box: labels[box.slices], corner)
        found.append(Cube(image_cube, renumbered(label_cube), seed))
    return found


def _cubes_of(seed: int, side: int, cell_px: float, volume: int) -> list[Cube]:
    drawn = int(np.random.SeedSequence([seed, volume]).generate_state(1)[0])
    return simulated_cubes(drawn, side, cell_px, CUBES_PER_VOLUME)


def drawn_corner(tiles: Tiles, centres: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Corner of a cube around one of some places (n, 3) in voxels, each as likely as any other; now and then anywhere."""
    if len(centres) and rng.random() >= ANYWHERE:
        off = rng.uniform(-OFF_CENTRE, OFF_CENTRE, 3) * tiles.side
        return np.asarray(tiles.corner_around(centres[rng.integers(len(centres))]) + np.rint(off).astype(np.int64))
    return tiles.corner_around(rng.random(3) * tiles.shape)


def renumbered(labels: npt.NDArray[np.integer]) -> Labels:
    """The same labels numbered from 1 in increasing order."""
    values, place = np.unique(labels, return_inverse=True)
    number = np.arange(len(values)) + (0 if values[0] == 0 else 1)
    return np.asarray(number[place].reshape(labels.shape), dtype=np.int16)

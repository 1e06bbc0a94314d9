"""From cells to light: what an ideal, noise-free microscope would see, and the truth's labels beside it.

Each kind paints cells in its own way (`_PAINTERS`) and forms a picture of what was painted (`_OPTICS`). Signal is in units
of a typical nucleus (nuclei) or of the empty field (phase, dic).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from samtrack.config.simulate import ImagingRecipe, SimulateSettings
from samtrack.simulate.lineage import CellsInFrame, picture_grid
from samtrack.simulate.randomness import Stream, generator
from samtrack.simulate.shapes import Drawn, Grid, LabelCanvas, draw_bodies
from samtrack.simulate.texture import Float32s, blur, cell_spots, cell_waves

CONDENSED_LIGHT = 1.1
"""Additional brightness of condensed chromatin, as a share: the same DNA on about half the area."""

DEAD_LIGHT = 0.8
"""Additional brightness of a dying, shrunken cell, as a share."""

NUCLEOLUS = 1.5
"""How much darker a nucleolus is, in units of the texture's contrast: it holds little chromatin."""

PARTING_DIP = 0.7
"""How much darker the middle of a mother is whose chromosomes move apart, as a share."""

PARTING_WIDTH = 0.3
"""Width of that dark middle, in half-lengths."""

HALO_WIDTH = 0.35
"""Width (standard deviation) of a phase-contrast halo in cell diameters."""

SHEAR = 5.0
"""Signal per unit of slope (per pixel) of the optical path in DIC; sets edges to about the contrast asked for."""


def render_frame(
    settings: SimulateSettings, cells: CellsInFrame, frame: int
) -> tuple[npt.NDArray[np.uint32], Float32s]:
    """The truth's labels and the noise-free picture of one frame."""
    grid = picture_grid(settings)
    canvas = LabelCanvas(grid)
    layer = np.zeros(grid.shape, dtype=np.float32)
    paint = _PAINTERS[settings.kind]
    for drawn in draw_bodies(cells.bodies, grid):
        if cells.track[drawn.row]:
            canvas.add(drawn, int(cells.track[drawn.row]))
        layer[drawn.box] += paint(settings, cells, drawn.row, frame, drawn)
    seen = np.flatnonzero(cells.track)
    labels = canvas.finish(cells.anchor[seen], cells.track[seen])
    return labels, _OPTICS[settings.kind](settings.imaging, layer, settings, grid)


def _sigma_px(settings: SimulateSettings, lateral_um: float, axial_um: float) -> list[float]:
    widths = [axial_um, lateral_um, lateral_um][-len(settings.shape_px) :]
    return [w / v for w, v in zip(widths, settings.scale.um_per_voxel, strict=True)]


def _dome(drawn: Drawn, power: float) -> Float32s:
    """Thickness of a cell: 1 at the centre, 0 from the surface on; flatter on top for large powers."""
    return np.sqrt(np.clip(1 - np.clip(1 - drawn.depth, 0, 1) ** np.float32(power), 0, 1))


def _paint_nucleus(settings: SimulateSettings, cells: CellsInFrame, row: int, frame: int, drawn: Drawn) -> Float32s:
    """Chromatin: a dome of light in 2D, a filled body in 3D; grainy, with a few dark nucleoli."""
    rng = generator(settings.seed, Stream.TEXTURE, int(cells.cell[row]))
    calm = 1 - float(max(cells.condensed[row], cells.dying[row]))
    grain = cell_waves(drawn.local, rng, frame, (4.0, 12.0))
    nucleoli = np.minimum(cell_spots(drawn.local, rng, int(rng.integers(1, 5)), (0.1, 0.2), 0.6), 1)
    texture = settings.imaging.texture
    pattern = 1 + texture * (0.2 + 0.8 * calm) * grain - NUCLEOLUS * texture * calm * nucleoli
    pattern -= PARTING_DIP * cells.parting[row] * np.exp(-((drawn.local[0] / PARTING_WIDTH) ** 2))
    light = cells.brightness[row] * (1 + CONDENSED_LIGHT * cells.condensed[row] + DEAD_LIGHT * cells.dying[row])
    power = 3.0 if len(drawn.local) == 2 else 8.0
    return np.float32(light * settings.imaging.contrast) * _dome(drawn, power) * np.maximum(pattern, 0.05)


def _paint_phase(settings: SimulateSettings, cells: CellsInFrame, row: int, frame: int, drawn: Drawn) -> Float32s:
    """Optical thickness of a spread cell: a hump over the nucleus, thin ends; round cells are thick."""
    rng = generator(settings.seed, Stream.TEXTURE, int(cells.cell[row]))
    rounded = float(max(cells.condensed[row], cells.dying[row]))
    grain = cell_waves(drawn.local, rng, frame, (3.0, 10.0))
    hump = 0.45 * _dome(drawn, 2.0) + 0.75 * np.clip(drawn.depth, 0, 1)
    thick = cells.brightness[row] * (1 + 0.8 * rounded)
    return np.float32(thick) * hump * (1 + settings.imaging.texture * (1 - 0.6 * rounded) * grain)


def _paint_dic(settings: SimulateSettings, cells: CellsInFrame, row: int, frame: int, drawn: Drawn) -> Float32s:
    """Optical path of a flat cell: steep rim with a ridge, fine grain, granules, a nucleus with nucleoli."""
    rng = generator(settings.seed, Stream.TEXTURE, int(cells.cell[row]))
    rounded = float(max(cells.condensed[row], cells.dying[row]))
    texture = settings.imaging.texture
    body = _dome(drawn, 6.0 - 3.5 * rounded) * (1 + 1.5 * rounded)
    nucleus = np.clip((drawn.depth - 0.45) / 0.06, 0, 1) * (1 - rounded)
    membrane = np.exp(-(((drawn.depth - 0.03) / 0.025) ** 2))
    coarse = cell_waves(drawn.local, rng, frame, (8.0, 25.0))
    fine = cell_waves(drawn.local, rng, frame, (30.0, 70.0))
    granules = cell_spots(drawn.local, rng, int(rng.integers(20, 60)), (0.012, 0.028), 0.9)
    nucleoli = cell_spots(drawn.local, rng, int(rng.integers(1, 4)), (0.05, 0.08), 0.3)
    pattern = 0.12 * coarse + 0.10 * fine + 1.6 * granules + 0.5 * (1 - rounded) * nucleoli
    inside = np.clip(drawn.depth / 0.05, 0, 1)
    path = body + 0.25 * nucleus + 0.3 * membrane + texture * pattern * inside
    return np.float32(cells.brightness[row]) * path


def _fluorescence(imaging: ImagingRecipe, layer: Float32s, settings: SimulateSettings, grid: Grid) -> Float32s:
    """Blurred light and the haze of what is out of focus, on the field's own light."""
    sharp = blur(layer, _sigma_px(settings, imaging.blur_um, imaging.blur_z_um))[grid.picture]
    if imaging.haze == 0:
        return sharp
    wide = settings.cells.diameter_um * 0.7
    haze = blur(layer, _sigma_px(settings, wide, wide))[grid.picture]
    return (1 - imaging.haze) * sharp + 2 * imaging.haze * haze


def _phase_contrast(imaging: ImagingRecipe, layer: Float32s, settings: SimulateSettings, grid: Grid) -> Float32s:
    """Thickness less its surroundings' mean: cells on a grey field with a halo of the other sign."""
    wide = HALO_WIDTH * settings.cells.diameter_um
    halo = blur(layer, _sigma_px(settings, wide, wide))
    signed = (layer - imaging.halo * halo) * (1 if imaging.polarity == "bright" else -1)
    return imaging.contrast * blur(signed, _sigma_px(settings, imaging.blur_um, imaging.blur_um))[grid.picture]


def _relief(imaging: ImagingRecipe, layer: Float32s, settings: SimulateSettings, grid: Grid) -> Float32s:
    """Slope of the optical path along the diagonal, as if lit from the upper left."""
    smooth = blur(layer, _sigma_px(settings, imaging.blur_um, imaging.blur_um))
    slope = sum(np.gradient(smooth, axis=axis) for axis in range(layer.ndim))
    return np.asarray(imaging.contrast * SHEAR * slope / np.sqrt(2), dtype=np.float32)[grid.picture]


Painter = Callable[[SimulateSettings, CellsInFrame, int, int, Drawn], Float32s]
Optics = Callable[[ImagingRecipe, Float32s, SimulateSettings, Grid], Float32s]
_PAINTERS: Mapping[str, Painter] = MappingProxyType(
    {"nuclei": _paint_nucleus, "phase": _paint_phase, "dic": _paint_dic}
)
_OPTICS: Mapping[str, Optics] = MappingProxyType({"nuclei": _fluorescence, "phase": _phase_contrast, "dic": _relief})

"""Section ``simulate`` of a sequence: a movie that is made instead of read, with its truth.

Lengths are micrometres and times are minutes or hours, so that a recipe keeps its meaning when the voxel size or the frame
interval changes. ``kind`` brings its own defaults (`KIND_DEFAULTS`); what the user writes wins over them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from samtrack.config.section import Section
from samtrack.types import Scale

Positive = Annotated[float, Field(gt=0)]
PositiveInt = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]

MOST_FILLED = 0.85
"""Largest share of the picture that the first frame's cells may fill; discs pack to 0.84 when they touch at random."""

FEWEST_VOXELS = 2.0
"""Fewest voxels across a cell along any axis: below it, a cell between two voxel centres could have no voxel at all."""


class CellsRecipe(Section):
    """How many cells there are, what they look like, how they live."""

    count: int | None = Field(
        None, ge=0, le=1_000_000, description="Cells in the first frame, about. null: as many as `density` says."
    )
    density: float = Field(
        0.17,
        ge=0,
        le=MOST_FILLED,
        description="Share of the picture that the first frame's cells fill, where no count is given; 0.17: sparse, about a "
        "third of the nuclei touch another.",
    )
    diameter_um: float = Field(
        12.0, gt=0, description="Diameter of a typical cell (of a nucleus for nuclei): HeLa nuclei measure about 12 µm."
    )
    diameter_spread: float = Field(
        0.1,
        ge=0,
        le=0.5,
        description="Standard deviation of the logarithm of the diameter between cells; 0.1 is common within one cell line.",
    )
    elongation: float = Field(
        1.3, ge=1, le=6, description="Typical ratio of length to width; nuclei: 1.3, migrating cells: 2 and more."
    )
    elongation_spread: float = Field(
        0.12, ge=0, le=0.6, description="Standard deviation of the logarithm of the elongation between cells."
    )
    irregularity: float = Field(
        0.06,
        ge=0,
        le=0.2,
        description="Size of dents and bumps of the outline as a share of the radius; above 0.2 shapes would break.",
    )
    pointedness: float = Field(
        0.0,
        ge=0,
        le=1,
        description="0: elliptic ends. 1: spindle with pointed ends. 2D only; dividing cells are round.",
    )
    brightness_spread: float = Field(
        0.3, ge=0, le=1.5, description="Standard deviation of the logarithm of the brightness between cells."
    )
    clustered: Share = Field(
        0.3, description="Share of the first cells that lie in a cluster with others, as in a young culture."
    )
    cycle_hours: Positive | None = Field(
        16.0,
        description="Time between a cell's birth and its division. null: no cell divides. 16: fast mammalian cells.",
    )
    cycle_spread: float = Field(
        0.15, ge=0, le=0.5, description="Standard deviation of the logarithm of the cycle time between cells."
    )
    mitosis_minutes: float = Field(
        45.0,
        gt=0,
        description="Time from rounding up to the split, which lasts two frames at least; 45: mammalian cells.",
    )
    mitotic_rounding: Share = Field(
        1.0,
        description="How much a mother rounds up, condenses and then stretches before she divides. 1: as HeLa nuclei do. "
        "0: nothing is seen of it, as between the frames of a slow recording or in balls drawn on found positions.",
    )
    mitotic_swelling: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share by which a mother is larger in her last frame, as where halves part before they are told apart.",
    )
    daughters_apart: float = Field(
        0.66,
        gt=0,
        le=3,
        description="Distance of a newborn daughter from her mother's centre, in the mother's radii; 0.66: they just touch.",
    )
    daughters_apart_spread: float = Field(
        0.0, ge=0, le=1, description="Standard deviation of the logarithm of that distance between divisions."
    )
    daughters_size: float = Field(
        1.0,
        gt=0.3,
        le=2,
        description="Size (area, volume) of both daughters at birth together over their mother's before she rounded up.",
    )
    daughters_asymmetry: float = Field(
        0.03, ge=0, le=0.15, description="Standard deviation of a daughter's share of both sizes about one half."
    )
    daughters_turn: float = Field(
        0.0,
        ge=0,
        le=1.5,
        description="Typical angle (radians) between a mother's long axis and the one along which her daughters part.",
    )
    death_per_hour: float = Field(
        0.001, ge=0, lt=1, description="Share of cells that begin to die per hour; 0.001: a healthy culture."
    )
    may_leave: bool = Field(
        True,
        description="true: a world larger than the picture, whose cells come and go. false: all cells stay in the picture.",
    )


class MotionRecipe(Section):
    """How cells and stage move."""

    speed_um_per_hour: float = Field(
        12.0,
        ge=0,
        description="Typical (root mean square) speed of a cell's own persistent random walk; 12: epithelial cells.",
    )
    speed_spread: float = Field(
        0.4, ge=0, le=1.5, description="Standard deviation of the logarithm of the speed between cells."
    )
    persistence_minutes: float = Field(
        60.0, gt=0, description="Time over which a cell keeps its direction (exponential memory)."
    )
    alignment: Share = Field(
        0.1, description="How fast the long axis turns into the direction of motion, per frame; 0: independent."
    )
    flow_um_per_hour: float = Field(
        4.0, ge=0, description="Typical speed of the smooth motion shared by neighbours, as in a tissue."
    )
    drift_um_per_hour: float = Field(1.0, ge=0, description="Steady drift of the stage, in a random direction.")
    jitter_um: float = Field(
        0.2, ge=0, description="Standard deviation of the stage's position error per frame and axis."
    )


class ImagingRecipe(Section):
    """From cells to grey values."""

    dtype: Literal["uint8", "uint16"] = Field("uint16", description="Type of the images.")
    offset_grey: float = Field(
        100.0, ge=0, description="Grey value without light, as most cameras have; 100 is common for 16 bit."
    )
    level_grey: float = Field(
        1200.0,
        gt=0,
        description="Grey values per unit of signal: of a typical nucleus, or of the empty field for phase and dic.",
    )
    photons: float = Field(
        150.0,
        gt=0,
        description="Photons per unit of signal: the noise of a typical nucleus is 1/sqrt(150) = 8 % of its brightness.",
    )
    read_noise_photons: float = Field(
        2.0, ge=0, description="Standard deviation of the camera's own noise, in photons; 2: a scientific CMOS."
    )
    bleaching_per_frame: float = Field(
        0.003, ge=0, lt=1, description="Share of the fluorescence lost per frame. Ignored by phase and dic."
    )
    blur_um: float = Field(
        0.4, ge=0, description="Standard deviation of the blur along y and x; 0.4: a 10x to 20x dry lens."
    )
    blur_z_um: float = Field(1.2, ge=0, description="The same along z, where lenses resolve about three times worse.")
    background: float = Field(
        0.08, ge=0, description="Signal of the empty field; 1 for phase and dic, whose unit it is."
    )
    unevenness: Share = Field(
        0.3, description="Difference between brightest and darkest part of the illumination, as a share."
    )
    texture: float = Field(
        0.14, ge=0, le=1, description="Contrast of the texture inside cells (chromatin, organelles)."
    )
    contrast: float = Field(
        1.0, gt=0, description="Signal of a typical cell above the background; about 0.3 for phase and dic."
    )
    haze: float = Field(
        0.06,
        ge=0,
        le=1,
        description="Out-of-focus light around cells, as a share of their own. Ignored by phase and dic.",
    )
    halo: float = Field(
        0.7, ge=0, le=2, description="Strength of the halo around cells in phase contrast. Ignored by the others."
    )
    polarity: Literal["bright", "dark"] = Field(
        "bright", description="Phase contrast: cells brighter or darker than the field."
    )
    debris: int = Field(3, ge=0, le=10_000, description="Small bright specks in the picture that are no cells.")


class MaskErrorsRecipe(Section):
    """What is wrong with the erroneous masks, as a segmentation would be; rates are per cell and frame."""

    missed: Share = Field(
        0.03, description="Cells without a mask; dim cells are missed more often. 0.03: a good segmentation."
    )
    merged: Share = Field(
        0.05, description="Neighbours that touch (gap of at most two voxels) and get one mask; per pair."
    )
    split: Share = Field(0.01, description="Cells whose mask is cut in two.")
    spurious: float = Field(0.02, ge=0, le=1, description="Small masks where no cell is, per true cell.")
    boundary_um: float = Field(0.3, ge=0, description="Standard deviation of the outline's error.")


KIND_DEFAULTS: dict[str, dict[str, dict[str, Any]]] = {
    "nuclei": {},
    "phase": {
        "cells": {
            "density": 0.23,
            "diameter_um": 11.0,
            "elongation": 2.4,
            "elongation_spread": 0.3,
            "irregularity": 0.08,
            "pointedness": 0.7,
            "brightness_spread": 0.2,
            "cycle_hours": 14.0,
        },
        "motion": {"speed_um_per_hour": 18.0, "alignment": 0.3, "flow_um_per_hour": 2.0},
        "imaging": {
            "dtype": "uint8",
            "offset_grey": 10.0,
            "level_grey": 110.0,
            "photons": 2500.0,
            "background": 1.0,
            "contrast": 0.8,
            "unevenness": 0.25,
            "texture": 0.25,
        },
    },
    "dic": {
        "cells": {
            "density": 0.5,
            "diameter_um": 30.0,
            "elongation": 1.6,
            "irregularity": 0.13,
            "brightness_spread": 0.1,
            "clustered": 0.9,
            "cycle_hours": 20.0,
        },
        "motion": {"speed_um_per_hour": 10.0, "flow_um_per_hour": 3.0},
        "imaging": {
            "dtype": "uint8",
            "offset_grey": 0.0,
            "level_grey": 140.0,
            "photons": 8000.0,
            "background": 1.0,
            "contrast": 0.3,
            "unevenness": 0.1,
            "texture": 0.5,
        },
    },
}
"""What a kind changes in the defaults of the sections. Values of phase: spindle-shaped stem cells; of dic: HeLa cells."""


class SimulateSettings(Section):
    """Recipe of a simulated movie; a seed gives the same bytes."""

    kind: Literal["nuclei", "phase", "dic"] = Field(
        "nuclei",
        description="nuclei: fluorescent nuclei, 2D or 3D. phase: phase contrast, spindle-shaped cells with halos, 2D. "
        "dic: large cells in relief, 2D. A kind brings its own defaults for the sections below.",
    )
    seed: int = Field(0, ge=0, description="Seed of all randomness.")
    frames: int = Field(30, ge=1, description="Number of frames.")
    shape_px: tuple[PositiveInt, PositiveInt] | tuple[PositiveInt, PositiveInt, PositiveInt] = Field(
        (256, 256), description="Voxels of one frame, (z,) y, x."
    )
    um_per_voxel: tuple[Positive, Positive] | tuple[Positive, Positive, Positive] | None = Field(
        None,
        description="Micrometres per voxel, (z,) y, x. null: 0.5 along y and x, 1.5 along z, as in a common 3D recording.",
    )
    minutes_per_frame: float = Field(
        15.0, gt=0, description="Minutes between frames; 15: a cell moves about a quarter of its diameter."
    )
    reappear_frames: int = Field(
        10,
        ge=0,
        description="A cell that comes back after at most so many frames is linked to its earlier track, else it is new.",
    )
    cells: CellsRecipe = Field(default_factory=CellsRecipe)
    motion: MotionRecipe = Field(default_factory=MotionRecipe)
    imaging: ImagingRecipe = Field(default_factory=ImagingRecipe)
    masks: MaskErrorsRecipe = Field(default_factory=MaskErrorsRecipe)

    @model_validator(mode="before")
    @classmethod
    def _with_defaults_of_kind(cls, raw: Any) -> Any:
        if not isinstance(raw, Mapping) or not isinstance(raw.get("kind"), str):
            return raw
        full = dict(raw)
        for section, defaults in KIND_DEFAULTS.get(raw["kind"], {}).items():
            given = raw.get(section) or {}
            if isinstance(given, Section):
                given = given.model_dump(exclude_unset=True)
            full[section] = {**defaults, **given} if isinstance(given, Mapping) else given
        return full

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        n_axes = len(self.shape_px)
        if self.um_per_voxel is not None and len(self.um_per_voxel) != n_axes:
            raise ValueError(
                f"um_per_voxel has {len(self.um_per_voxel)} values and shape_px has {n_axes}; give one size per axis"
            )
        if n_axes == 3 and self.kind != "nuclei":
            raise ValueError(f"kind {self.kind!r} is 2D only, but shape_px has 3 axes; use kind: nuclei")
        if self.cells.diameter_um < FEWEST_VOXELS * max(self.scale.um_per_voxel):
            raise ValueError(
                f"cells.diameter_um is {self.cells.diameter_um} but a voxel measures up to {max(self.scale.um_per_voxel)}; "
                f"a cell needs {FEWEST_VOXELS:g} voxels along every axis: use larger cells or smaller voxels"
            )
        filled = self.n_cells * self._cell_share
        if filled > max(MOST_FILLED, 1.5 * self._cell_share):
            raise ValueError(
                f"{self.n_cells} cells of {self.cells.diameter_um} µm fill {filled:.0%} of the picture, more than "
                f"the {MOST_FILLED:.0%} that fit; lower cells.count or enlarge shape_px"
            )
        grey, most = self.imaging.offset_grey + self.imaging.level_grey, 255 if self.imaging.dtype == "uint8" else 65535
        if grey > most:
            raise ValueError(
                f"imaging.offset_grey + imaging.level_grey is {grey:g}, but {self.imaging.dtype} ends at {most}"
            )
        return self

    @property
    def scale(self) -> Scale:
        """Physical scale of the movie."""
        usual = (1.5, 0.5, 0.5)[-len(self.shape_px) :]
        return Scale(usual if self.um_per_voxel is None else self.um_per_voxel, self.minutes_per_frame)

    @property
    def n_cells(self) -> int:
        """Cells in the first frame, about."""
        if self.cells.count is not None:
            return self.cells.count
        return max(1, int(self.cells.density / self._cell_share)) if self.cells.density else 0

    @property
    def _cell_share(self) -> float:
        """Share of the picture that one typical cell fills."""
        ndim, radius = len(self.shape_px), self.cells.diameter_um / 2
        one = math.pi * radius**2 if ndim == 2 else 4 / 3 * math.pi * radius**3
        return one / (math.prod(self.shape_px) * self.scale.size_per_voxel)

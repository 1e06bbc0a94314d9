"""Section ``movie``: the physical facts of a dataset, as far as its files do not tell them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from samtrack.config.section import Section

Positive = Annotated[float, Field(gt=0)]


class MovieSettings(Section):
    """Physical facts of the movies of one dataset."""

    um_per_voxel: tuple[Positive, Positive] | tuple[Positive, Positive, Positive] | None = Field(
        None,
        description="Micrometres per voxel, (z,) y, x. null: taken from the file's own metadata (ImageJ, OME); where "
        "there is none, 1 µm per voxel is assumed and all lengths of this configuration are voxels.",
    )
    minutes_per_frame: Positive | None = Field(
        None, description="Minutes between frames. null: from the file's metadata, else 1."
    )
    cell_diameter_um: Positive | None = Field(
        None,
        description="Diameter of a typical cell in micrometres. null: measured on the movie itself. Used wherever "
        "a size is needed before cells are known (segmentation, smoothing).",
    )

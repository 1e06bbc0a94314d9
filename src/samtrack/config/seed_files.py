"""Seeds that the user gives: how the points in a sequence's ``seeds`` are to be read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from samtrack.config.section import Section


class SeedFileSettings(Section):
    """Points that the user gives: the folder, table, label images or graph that the sequence names as `seeds`.

    Read are: a folder of CSV files, one per frame (TWANG, XPIWIT: xpos; ypos; zpos); one CSV or Parquet table with a column
    frame; a folder of label images, or an OME-Zarr of labels (their centroids); a GEFF graph.
    """

    method: Literal["file"] = "file"
    units: Literal["auto", "voxels", "um"] = Field(
        "auto",
        description="What positions in a table or graph are measured in. auto: columns z, y, x and xpos are voxels, columns "
        "z_um, y_um, x_um micrometres; of a graph what its axes say. The others: whatever the names say.",
    )
    z_divisor: float = Field(
        1.0,
        gt=0,
        description="Positions along z, in tables and graphs, are divided by this: 2 if the points were found in a volume "
        "stretched twofold along z (those of Fluo-N3DL-TRIC are). 1: in the images as they are.",
    )
    missing: Literal["error", "empty"] = Field(
        "error",
        description="A frame without a file, where there is one file per frame. error: stop and list them. empty: no cells "
        "in that frame.",
    )

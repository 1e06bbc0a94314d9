"""Section ``ingest``: how the user's files are read and stored as OME-Zarr."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from samtrack.config.section import Section


class IngestSettings(Section):
    """How images are read and how they are stored."""

    axes: Literal["auto", "yx", "zyx", "tyx", "tzyx"] = Field(
        "auto",
        description="What the pages of one TIFF file are. auto: the file's own metadata; without any, the pages of a "
        "file in a folder of many are z, those of a movie in a single file are t.",
    )
    channel: int | None = Field(
        None, ge=0, description="Channel to track, from 0. null: an error if the files hold more than one."
    )
    missing_frames: Literal["error", "blank"] = Field(
        "error",
        description="A gap in the numbering of the files. error: stop and list the missing numbers (a lost file is "
        "more likely than a pause). blank: an empty frame (all zero) takes the place of each.",
    )
    not_finite: Literal["error", "zero"] = Field(
        "error",
        description="NaN or infinite voxels of float images. error: stop and name the file. zero: replaced by 0.",
    )
    compression_level: int = Field(
        3, ge=1, le=19, description="zstd level of the stored chunks; 3: higher levels cost time and gain < 3 %."
    )
    chunk_voxels: int = Field(
        2**20,
        ge=2**12,
        description="Voxels of one chunk of the store, about; 2^20 (2 MiB of uint16) reads fast and compresses well.",
    )
    pyramid_levels: int | None = Field(
        None,
        ge=1,
        le=8,
        description="Resolution levels of the store, the full one included. null: as many as it takes until y and x "
        "are at most 2048 px, which is what viewers open at once.",
    )

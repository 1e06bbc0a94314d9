"""Sections ``blocks`` and ``resources``: how the work is cut, and what it may use."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from samtrack.config.section import Section


class BlocksSettings(Section):
    """How a movie is cut along time. Results do not depend on it."""

    frames: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        "auto",
        description="Frames of one block, the unit of work of a job. auto: as many as the longest job of a block does in "
        "`minutes`, by the shipped table of rates; 25 at most where the movie is so short that this gives up to 16 blocks. "
        "What was chosen stands in run_config.yaml, and a further run in the same folder keeps it.",
    )
    minutes: float = Field(
        5.0,
        gt=0,
        le=10_000,
        description="With frames: auto, how long the longest job of a block should take, in minutes on one machine without "
        "GPU. 5: starting a job costs seconds, on a cluster up to a minute, and a lost one costs what it had done.",
    )


class ResourcesSettings(Section):
    """What one job may use."""

    memory_gb: float = Field(
        8.0,
        gt=0.1,
        description="Memory of one job in GB; steps that can be cut (ingest, segment) cut their work to it.",
    )
    workers: int = Field(2, ge=1, le=64, description="Threads of one job.")

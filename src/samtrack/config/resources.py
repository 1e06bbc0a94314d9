"""Sections ``blocks`` and ``resources``: how the work is cut, and what it may use."""

from __future__ import annotations

from pydantic import Field

from samtrack.config.section import Section


class BlocksSettings(Section):
    """How a movie is cut along time. Results do not depend on it."""

    frames: int = Field(
        25, ge=1, description="Frames of one block, the unit of work of a job; 25 keeps jobs in the range of minutes."
    )


class ResourcesSettings(Section):
    """What one job may use."""

    memory_gb: float = Field(
        8.0,
        gt=0.1,
        description="Memory of one job in GB; steps that can be cut (ingest, segment) cut their work to it.",
    )
    workers: int = Field(2, ge=1, le=64, description="Threads of one job.")

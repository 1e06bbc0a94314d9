"""Section ``objects``: which objects are cells at all, whatever found or drew them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from samtrack.config.section import Section
from samtrack.errors import SettingsError

Length = Annotated[float, Field(ge=0)]


class ObjectsSettings(Section):
    """Objects that are left out in every frame: masks that are given, found by any method, or drawn into gaps.

    The defaults leave nothing out.
    """

    min_size_um: float = Field(
        0.0,
        ge=0,
        description="Smallest object, in square micrometres (2D) or cubic micrometres (3D). 0: no limit, since what is "
        "debris depends on the cells.",
    )
    max_size_um: float | None = Field(
        None,
        gt=0,
        description="Largest object, in square micrometres (2D) or cubic micrometres (3D). null: no limit.",
    )
    edge_guard_um: Length | tuple[Length, ...] = Field(
        0.0,
        description="An object whose centroid lies nearer than this to the border of the image, in micrometres, is left "
        "out: one number for all axes, or one per axis, (z)yx. An axis of a single voxel has no border. 0: none is, since "
        "cells at the border are cells.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.max_size_um is not None and self.max_size_um < self.min_size_um:
            raise ValueError(f"max_size_um is {self.max_size_um:g}, below min_size_um, which is {self.min_size_um:g}")
        if isinstance(self.edge_guard_um, tuple) and len(self.edge_guard_um) not in (2, 3):
            raise ValueError(f"edge_guard_um has {len(self.edge_guard_um)} values, expected one, 2 (yx) or 3 (zyx)")
        return self

    def guard_um(self, ndim: int) -> tuple[float, ...]:
        """The guard along each axis of a movie with ``ndim`` axes."""
        guard = self.edge_guard_um
        if not isinstance(guard, tuple):
            return (guard,) * ndim
        if len(guard) != ndim:
            raise SettingsError(
                f"objects.edge_guard_um has {len(guard)} values, but the movie has {ndim} axes. Give one number, or one "
                f"per axis ({'zyx'[-ndim:]})."
            )
        return guard

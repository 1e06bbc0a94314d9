"""Section ``associate``: the decision over the whole movie. Costs are in nats (natural log odds)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from samtrack.config.section import Section


class AssociateSettings(Section):
    """Solver and costs of the decision."""

    solver: Literal["ilp", "greedy"] = Field(
        "ilp", description="ilp: the optimum by integer programming (HiGHS). greedy: best link first, for comparison."
    )
    cost_appear: float = Field(
        1.0, ge=0, description="Nats for a cell that begins inside the image without a mother: exp(-1), about one in 3 of unsure links is better cut."
    )
    cost_disappear: float = Field(1.0, ge=0, description="Nats for a cell that ends inside the image.")
    border_discount: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Factor on both costs for a cell that touches the image border, where cells do come and go.",
    )
    cost_gap_per_frame: float = Field(
        0.5, ge=0, description="Nats per frame skipped by a link, beside what its probability already says."
    )
    cost_divide: float = Field(
        0.0, ge=0, description="Nats per division, beside what its probability already says."
    )
    cost_keep_lone: float = Field(
        0.0,
        ge=0,
        description="Nats for keeping a detection that is linked to nothing, which most often is debris. 0 keeps all.",
    )

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
    second_look: bool = Field(
        True,
        description="Judge all proposals again once a first decision is known (tracks give evidence over several frames), "
        "and decide again. false: one decision, for comparison.",
    )
    cost_appear: float = Field(
        1.0,
        ge=0,
        description="Nats for a cell that begins inside the image without a mother. 1: together with cost_disappear a "
        "link is kept down to a probability of 0.12, since a track that is cut costs two errors.",
    )
    cost_disappear: float = Field(1.0, ge=0, description="Nats for a cell that ends inside the image.")
    border_discount: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Factor on cost_appear, cost_disappear and cost_keep_lone for a cell within one typical cell "
        "radius of the image border, where cells do come and go.",
    )
    cost_gap_per_frame: float = Field(
        0.5, ge=0, description="Nats per frame skipped by a link, beside what its probability already says."
    )
    cost_divide: float = Field(0.0, ge=0, description="Nats per division, beside what its probability already says.")
    cost_share: float = Field(
        0.0, ge=0, description="Nats per mask shared by two cells, beside what the probability of that already says."
    )
    cost_keep_lone: float = Field(
        0.0,
        ge=0,
        description="Nats for keeping a detection that is linked to nothing, which most often is debris; half of it "
        "for each side in time on which a partner could have been seen (the first frame has none before it). A track "
        "is kept if its links gain more than this per detection. 0 keeps all.",
    )

"""Section ``associate``: the decision over the whole movie. Costs are in nats (natural log odds)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from samtrack.config.section import Section


class OverlapSettings(Section):
    """The linker ``overlap``, a plain baseline: the masks that overlap most; no probability is asked."""

    min_iou: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Least intersection over union of two masks (no unit) that are one cell. 0.1: two discs of equal "
        "size whose centres lie 1.4 radii apart still have it, while neighbours that merely touch have 0.",
    )
    min_inside: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Least share of a daughter's mask under her mother's (no unit), for both daughters. 0.5: it is "
        "mostly inside, which can be true of one mother only.",
    )


class KalmanSettings(Section):
    """The linker ``kalman``, a strong baseline: a Brownian Kalman filter per track and one optimal assignment per frame.

    Lengths are in mean cell radii, so that one set serves all movies. The defaults are those with which this recipe led
    the Cell Linking Benchmark of the CTC in January 2025 without a setting per dataset.
    """

    detection_radii: float = Field(
        0.5,
        gt=0,
        description="Standard deviation of a centroid about the cell's true place, in mean cell radii. 0.5: a "
        "mask that lacks a part moves its centroid by about this.",
    )
    process_radii: float = Field(
        3.0,
        gt=0,
        description="Standard deviation of a cell's step from one frame to the next, in mean cell radii. 3: so much "
        "more than detection_radii that the last place seen decides.",
    )
    gate_radii: float = Field(
        3.0,
        gt=0,
        description="Farthest step from the expected place, in mean cell radii (the median distance between nearest "
        "neighbours, if larger).",
    )
    max_gap_frames: int = Field(
        1,
        ge=0,
        le=10,
        description="Frames in a row in which a track may be missing. 1: nothing but distance speaks for a link here, "
        "and a cell moves on while it is not seen.",
    )
    division_gate: float = Field(
        1.0,
        ge=1,
        le=2,
        description="Farthest place of a second daughter from her mother's expected one, in gates; 1 to 1.5 in the "
        "benchmark.",
    )
    divide_above_growth: float = Field(
        0.3,
        ge=0,
        description="Divisions are looked for if the number of cells grows by more than this share from the first "
        "tenth of the frames to the last. 0.3: fewer divisions than that cost more in false ones than they bring.",
    )


class AssociateSettings(Section):
    """Linker and costs of the decision. The costs are those of the linkers joint and greedy."""

    linker: Literal["joint", "greedy", "overlap", "kalman"] = Field(
        "joint",
        description="Who decides. joint: all proposals of the movie together, the optimum by integer programming "
        "(HiGHS). greedy: the same costs, best gain first. overlap: the masks that overlap most, frame by frame. "
        "kalman: nearest to the expected place, frame by frame. The last three are for comparison.",
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
    appear_by_rate: float = Field(
        0.5,
        ge=0,
        le=2,
        description="Nats added to cost_appear in the second decision for each factor of e by which this movie loses cells "
        "more rarely than the movies that the shipped model was fitted to (1 in 28 per frame). 1 would be right if "
        "probabilities did not know the rate; they know part of it.",
    )
    cost_disappear: float = Field(1.0, ge=0, description="Nats for a cell that ends inside the image.")
    border_discount: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Factor on cost_appear and cost_disappear for a cell within one typical cell radius of the image "
        "border, where cells do come and go.",
    )
    cost_gap_per_frame: float = Field(
        0.5, ge=0, description="Nats per frame skipped by a link, beside what its probability already says."
    )
    cost_divide: float = Field(0.0, ge=0, description="Nats per division, beside what its probability already says.")
    cost_share: float = Field(
        0.0, ge=0, description="Nats per mask shared by two cells, beside what the probability of that already says."
    )
    cost_keep_lone: float = Field(
        0.5,
        ge=0,
        description="Nats for keeping a detection that is linked to nothing; half of it for each side in time on which a "
        "partner could have been seen (the first frame has none before it), none at the image border. 0.5: away from "
        "the border such a detection most often is debris. A track is kept if its links gain more than this per "
        "detection. 0 keeps all.",
    )
    pinned: str = Field(
        "auto",
        min_length=1,
        description="Corrections that the decision keeps, whatever speaks against them: a file of `samtrack correct`. auto: "
        "SEQUENCE_corrections.csv in the output folder, where it is. none: corrections are left out. A path: that file, "
        "{sequence} in it standing for the sequence's name; relative ones count from where the run is started.",
    )
    overlap: OverlapSettings = Field(default_factory=OverlapSettings)
    kalman: KalmanSettings = Field(default_factory=KalmanSettings)

    @model_validator(mode="before")
    @classmethod
    def _name_the_linker(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and "solver" in raw:
            # the nearest known key would mislead here
            raise ValueError("solver is called linker now: write linker: joint for ilp, linker: greedy for greedy")
        return raw

"""Section ``evaluate``: how a result is compared with the truth."""

from __future__ import annotations

from pydantic import Field

from samtrack.config.section import Section


class EvaluateSettings(Section):
    """Measures that have a choice."""

    division_tolerance_frames: tuple[int, ...] = Field(
        (0, 1, 2, 3),
        description="Frames by which a division may be found too early or too late and still count as right; "
        "0 to 3 as in the CTC's BC(i).",
    )

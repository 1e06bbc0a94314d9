"""Which facts each of the linker's models may ask for, in one place; a model file of another version is told at once."""

from __future__ import annotations

from samtrack.errors import WeightsError
from samtrack.link.calibrate import LinkModel
from samtrack.link.contest import CONTEST_FACTS
from samtrack.link.division import DIVISION_FACTS
from samtrack.link.features import LINK_FACTS
from samtrack.link.merge import MERGE_FACTS
from samtrack.link.review import AGAIN_FACTS, DIVISION_AGAIN_FACTS
from samtrack.link.rows import GAP_FACTS
from samtrack.link.sam_facts import DIVISION_SAM_FACTS, MERGE_SAM_FACTS, SAM_FACTS

FACTS = {
    "frame": LINK_FACTS + SAM_FACTS,
    "division": DIVISION_FACTS + DIVISION_SAM_FACTS,
    "contest": CONTEST_FACTS,
    "gap": LINK_FACTS + GAP_FACTS + SAM_FACTS,
    "merge": MERGE_FACTS + MERGE_SAM_FACTS,
    "again": AGAIN_FACTS,
    "gap_again": AGAIN_FACTS,
    "division_again": DIVISION_AGAIN_FACTS,
}
"""The facts of each model, in the order in which the models are fitted: each may see what those before it say."""


def require_known_facts(model: LinkModel) -> None:
    """Raise if a model asks for facts that are not known of what it judges."""
    for name, facts in FACTS.items():
        unknown = sorted({curve.name for curve in getattr(model, name).curves} - set(facts))
        if unknown:
            raise WeightsError(
                f"the {name} model asks for {', '.join(map(repr, unknown))}, known are {', '.join(facts)}. It is of "
                "another version of samtrack: fit it anew with `samtrack train links`."
            )

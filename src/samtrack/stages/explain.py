"""What is written beside the decision: each proposal's alternatives, and why the chosen ones are believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.associate.graph import rank_detections
from samtrack.link.alternatives import (
    Alternatives,
    rival_of_links,
    runner_up_of_divisions,
    runner_up_of_links,
)
from samtrack.link.calibrate import LinkModel
from samtrack.link.explain import Facts, Texts, explain_divisions, explain_links, explain_merges
from samtrack.types import Detections, Divisions, Links, Merges

Bools = npt.NDArray[np.bool_]


def explain_decision(
    detections: Detections, links: Links, divisions: Divisions, chosen: tuple[Bools, Bools], model: LinkModel
) -> tuple[dict[str, Any], dict[str, Any]]:
    """More columns for the tables of links and of divisions; ``chosen`` marks those of each that were taken.

    ``runner_up_*`` is what the source (the mother) would have done instead, ``rival_*`` who else wanted the target;
    ``spoke_for`` and ``spoke_against`` are told of chosen proposals, null for others.
    """
    rank = rank_detections(detections).rank
    of_links = {
        **_columns("runner_up", runner_up_of_links(links, rank), detections),
        **_columns("rival", rival_of_links(links, rank), detections),
        **_reasons(lambda facts: explain_links(model, facts, links.feature_names), links.features, chosen[0]),
    }
    of_divisions = {
        **_columns("runner_up", runner_up_of_divisions(divisions, links, rank), detections),
        **_reasons(
            lambda facts: explain_divisions(model, facts, divisions.feature_names), divisions.features, chosen[1]
        ),
    }
    return of_links, of_divisions


def explain_shared(merges: Merges, chosen: Bools, model: LinkModel) -> dict[str, Any]:
    """``spoke_for`` and ``spoke_against`` for the table of merges, null for those that were not taken."""
    return _reasons(lambda facts: explain_merges(model, facts, merges.feature_names), merges.features, chosen)


def _columns(name: str, found: Alternatives, detections: Detections) -> dict[str, Any]:
    """Frame, label and probability of what else could have been; -1, -1 and NaN where there was nothing."""
    there = found.cell >= 0
    frame, label = np.full((2, len(there)), -1)
    frame[there], label[there] = detections.frame[found.cell[there]], detections.label[found.cell[there]]
    return {f"{name}_frame": frame, f"{name}_label": label, f"{name}_score": found.score}


def _reasons(explain: Callable[[Facts], tuple[Texts, Texts]], facts: Facts, chosen: Bools) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name, texts in zip(("spoke_for", "spoke_against"), explain(facts[chosen]), strict=True):
        columns[name] = np.full(len(chosen), None, dtype=object)
        columns[name][chosen] = texts
    return columns

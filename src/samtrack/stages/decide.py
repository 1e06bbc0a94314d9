"""The whole decision: decide, look again at everything in the light of that, decide anew."""

from __future__ import annotations

from dataclasses import dataclass

from samtrack.associate import Pins, Solution, solve_tracks
from samtrack.associate.pins import with_pins
from samtrack.config import Config
from samtrack.config.associate import AssociateSettings
from samtrack.config.link import LinkSettings
from samtrack.link import FirstDecision, review_proposals
from samtrack.link.calibrate import LinkModel
from samtrack.types import Detections, Divisions, Links, Merges, Typical

BY_PROBABILITY = ("joint", "greedy")
"""Linkers that go by the probabilities of proposals; the others would not notice a second look."""

USUAL_LOSS_RATE = -3.3
"""Log odds that a cell is missing from the next frame: 1 in 28, the median of what the shipped model was fitted to."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on, as judged last, and the solution."""

    links: Links
    divisions: Divisions
    merges: Merges
    solution: Solution


def decide(
    detections: Detections,
    proposed: tuple[Links, Divisions, Merges],
    typical: Typical,
    config: Config,
    model: LinkModel,
    pins: Pins | None = None,
) -> Decision:
    """The decision of a movie from all that was proposed for it; ``pins`` hold in both solves."""
    settings, pins = config.associate, pins or Pins.none()
    links, divisions, merges = with_pins(*proposed, pins) if pins else proposed
    solution = solve_tracks(detections, links, divisions, merges, settings, pins)
    if settings.second_look and settings.linker in BY_PROBABILITY:
        first = FirstDecision(solution.link_chosen, solution.division_chosen, merges.take(solution.merge_chosen))
        links, divisions = _judged_again(detections, (links, divisions), first, typical, (config.link, model), pins)
        settings = dearer_beginnings(settings, links)
        solution = solve_tracks(detections, links, divisions, merges, settings, pins)
    return Decision(links, divisions, merges, solution)


def _judged_again(
    detections: Detections,
    proposed: tuple[Links, Divisions],
    first: FirstDecision,
    typical: Typical,
    judge: tuple[LinkSettings, LinkModel],
    pins: Pins,
) -> tuple[Links, Divisions]:
    """The proposals judged again; what is pinned stays, however improbable it is found, and keeps its facts."""
    settings, model = judge
    if not pins:
        return review_proposals(detections, *proposed, first, typical, settings, model)
    unlimited = settings.model_copy(update={"min_probability": 0.0})
    links, divisions = review_proposals(detections, *proposed, first, typical, unlimited, model)
    links, divisions, _ = with_pins(links, divisions, Merges.none(), pins)  # the pinned ones now have a score of 1
    likely, likely_divisions = links.score >= settings.min_probability, divisions.score >= settings.min_probability
    return links.take(likely), divisions.take(likely_divisions)


def dearer_beginnings(settings: AssociateSettings, links: Links) -> AssociateSettings:
    """The costs of the second decision: where cells are hardly ever lost, none appears out of nothing either.

    ``links`` were judged again, so each of them tells the movie's rate of losses.
    """
    if len(links) == 0:
        return settings
    rate = float(links.features[0, links.feature_names.index("again_loss_rate")])
    rarer = max(0.0, USUAL_LOSS_RATE - rate)
    return settings.model_copy(update={"cost_appear": settings.cost_appear + settings.appear_by_rate * rarer})

"""Stage associate: all proposals of a movie to its tracks, decided once."""

from __future__ import annotations

import numpy as np

from samtrack.associate import Pins
from samtrack.associate.pins import divisions_pinned, links_pinned
from samtrack.io.atomic import written_folder
from samtrack.io.names import ASSIGNED_TABLE, DIVISIONS_TABLE, LINKS_TABLE, MERGES_TABLE, TRACKS_TABLE
from samtrack.io.tables import (
    read_detections,
    read_divisions,
    read_links,
    read_merges,
    read_typical,
    write_divisions,
    write_links,
    write_merges,
    write_tracks,
)
from samtrack.stages.address import Address, told
from samtrack.stages.decide import decide
from samtrack.stages.explain import explain_decision, explain_shared
from samtrack.stages.link import open_link_model
from samtrack.stages.pins import pins_of_run
from samtrack.stages.progress import foretell


def run_associate(address: Address) -> None:
    """Write the tracks, the track of each detection, and every proposal: was it chosen, what else could be, and why."""
    layout = address.layout
    with told(f"associate {address.sequence.name}") as facts:
        detections = read_detections([layout.detections(name) for name in address.names])
        foretell("associate", address.sequence.name, len(detections))
        links, _ = read_links([layout.links(name) for name in address.names], detections)
        divisions, _ = read_divisions([layout.divisions(name) for name in address.names], detections)
        merges, _ = read_merges([layout.merges(name) for name in address.names], detections)
        model = open_link_model(address.config.link.model, address.asks_sam2)[1]
        typical = read_typical(layout.typical)
        pins = pins_of_run(address, detections)
        decision = decide(detections, (links, divisions, merges), typical, address.config, model, pins)
        links, divisions, merges, solution = decision.links, decision.divisions, decision.merges, decision.solution
        chosen = solution.link_chosen, solution.division_chosen
        why_links, why_divisions = explain_decision(detections, links, divisions, chosen, model)
        why_links["margin"], why_divisions["margin"] = solution.link_margin, solution.division_margin
        if pins:
            why_links["pinned"], why_divisions["pinned"] = links_pinned(links, pins), divisions_pinned(divisions, pins)
        with written_folder(layout.decided) as folder:
            write_tracks(folder / TRACKS_TABLE, folder / ASSIGNED_TABLE, solution.tracks, detections)
            write_links(folder / LINKS_TABLE, links, detections, chosen=chosen[0], **why_links)
            write_divisions(folder / DIVISIONS_TABLE, divisions, detections, chosen=chosen[1], **why_divisions)
            why_merges = explain_shared(merges, solution.merge_chosen, model)
            write_merges(folder / MERGES_TABLE, merges, detections, chosen=solution.merge_chosen, **why_merges)
        facts += [
            f"{len(detections)} detections",
            f"{len(links)} links proposed, {np.count_nonzero(solution.link_chosen)} chosen",
            f"{np.count_nonzero(solution.division_chosen)} divisions",
            f"{np.count_nonzero(solution.merge_chosen)} shared masks",
            f"{len(solution.tracks)} tracks",
        ]
        facts += [_told(pins)] if pins else []


def _told(pins: Pins) -> str:
    """Corrections in numbers."""
    return (
        f"kept as corrected: {len(pins.links)} links, {len(pins.divisions)} divisions, {len(pins.apart)} pairs apart, "
        f"{len(pins.left_out)} detections left out"
    )

"""Stage link: candidate links, divisions and merges that begin in one block, each with a probability."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from samtrack.errors import WeightsError
from samtrack.io.evidence import read_evidence
from samtrack.io.labels import open_labels
from samtrack.io.link_models import read_plain_model
from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import read_detections, read_typical, write_divisions, write_links, write_merges
from samtrack.link import Seen, gather_tables, propose_frames
from samtrack.link.calibrate import LinkModel, default_plain
from samtrack.link.facts import require_known_facts
from samtrack.stages.address import Address, told
from samtrack.stages.progress import Progress


def run_link(address: Address, block_name: str) -> None:
    """Write the links, divisions and merges that one block proposes."""
    block = address.block(block_name)
    layout = address.layout
    with told(f"link {address.sequence.name} {block.name}") as facts:
        names = address.neighbours("link", block.core)
        detections = read_detections([layout.detections(name) for name in names])
        evidence = None
        if address.asks_sam2:
            evidence = read_evidence([layout.evidence(name) for name in names], detections)
        progress, found = Progress("link", len(block.core), address.sequence.name, block.name), []
        for frame in propose_frames(
            Seen(open_image(layout.movie), evidence),
            open_labels([layout.labels(name) for name in names]),
            detections,
            block.core,
            read_typical(layout.typical),
            address.config.link,
            open_link_model(address.config.link.model, address.asks_sam2)[1],
        ):
            found.append(frame)
            progress.step()
        links, divisions, merges = gather_tables(found, address.config.link)
        write_links(layout.links(block.name), links, detections)
        write_divisions(layout.divisions(block.name), divisions, detections)
        write_merges(layout.merges(block.name), merges, detections)
        facts += [f"{len(links)} links", f"{len(divisions)} divisions", f"{len(merges)} merges proposed"]


def open_link_model(path: str | None, with_sam: bool = False) -> tuple[dict[str, Any], LinkModel]:
    """A model's JSON and the model itself, checked; None is the one that ships, ``with_sam`` that for SAM 2's evidence."""
    plain = default_plain(with_sam) if path is None else read_plain_model(Path(path))
    try:
        model = LinkModel.from_plain(plain)
        require_known_facts(model)
    except WeightsError as error:
        raise WeightsError(f"{path or 'the model that ships'}: {error}") from error
    return plain, model

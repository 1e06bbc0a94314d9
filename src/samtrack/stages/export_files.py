"""Stage export, last part: the tracks as files for other programs, made of the table that the first part wrote.

Works column by column, so that ten million cells need the memory of a few columns.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from samtrack.io.decided import read_chosen, read_column
from samtrack.io.geff import write_geff
from samtrack.io.ome_zarr import open_image
from samtrack.io.trackmate import write_trackmate
from samtrack.stages.address import Address, told
from samtrack.stages.progress import foretell
from samtrack.submit.graph import Said, track_graph
from samtrack.types import Filmed, TrackGraph


def run_export_files(address: Address) -> None:
    """Write what ``export.files`` names."""
    layout, wanted = address.layout, address.config.export.files
    if not wanted:
        return
    with told(f"export {address.sequence.name}") as facts:
        column = partial(read_column, layout.table)
        graph = read_graph(layout.table, layout.decided)
        foretell("export_files", address.sequence.name, len(graph))
        tracked = open_image(layout.tracked)
        filmed = Filmed(
            f"{address.config.dataset} {address.sequence.name}", address.n_frames, tracked.shape, tracked.scale
        )
        if "geff" in wanted:
            related = {"labels": layout.tracked, "image": layout.movie}
            paths = {kind: Path(os.path.relpath(path, layout.geff)).as_posix() for kind, path in related.items()}
            write_geff(layout.geff, graph, column, filmed, paths)
            facts.append(str(layout.geff))
        if "trackmate" in wanted:
            write_trackmate(layout.trackmate, graph, column, filmed, address.sources.images)
            facts.append(str(layout.trackmate))
        facts.insert(0, f"{len(graph)} nodes, {len(graph.targets)} edges")


def read_graph(table: Path, decided: Path) -> TrackGraph:
    """The graph of a final table and of the decision that it came from."""
    said = (Said(*columns) for columns in read_chosen(decided))
    track, frame, parent, label = (read_column(table, name) for name in ("track_id", "t", "parent_track_id", "label"))
    return track_graph(track, frame, parent, label, said)

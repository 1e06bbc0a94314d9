"""Stage lineages: which tracks descend from the cells of the first frame that the user wants followed.

Runs only with ``lineages: from_first_frame``. The decision itself stays whole; what is written here says what of it is in
the results.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from samtrack.associate import FoundCells, ancestors_in, find_given
from samtrack.config.layout import KEPT_TABLE
from samtrack.io.atomic import written_folder
from samtrack.io.labels import open_labels
from samtrack.io.names import ASSIGNED_TABLE, GIVEN_TABLE, TRACKS_TABLE
from samtrack.io.ome_zarr import open_image
from samtrack.io.seed_labels import slabs
from samtrack.io.seeds import open_first_cells
from samtrack.io.tables import AXES, read_detections, read_table, read_tracks, read_typical, write_table
from samtrack.stages.address import Address, told
from samtrack.types import Detections, Frames, Points, Tracks

log = logging.getLogger("samtrack")

NAMED = 20
"""Given cells that were not found, named in the warning; the table holds all."""


@dataclass(frozen=True, slots=True)
class Lineages:
    """The cells given, where they were found, and the root of each track (0: it descends from none of them)."""

    given: Points
    found: FoundCells
    root: npt.NDArray[np.int64]
    tracks: Tracks

    @property
    def track_of_given(self) -> npt.NDArray[np.int64]:
        """The track of each cell given, 0 where it was not found."""
        rows = self.found.row[self.found.is_found]
        track = np.zeros(len(self.given), dtype=np.int64)
        track[self.found.is_found] = self.tracks.track_of[rows]
        return track


def find_lineages(address: Address, detections: Detections, tracks: Tracks) -> Lineages:
    """Which of ``tracks`` (anybody's) descend from the given cells; ``detections`` hold those of the first frame."""
    given = _given(address, detections, tracks)
    label_at = labels_at(open_labels([address.layout.labels(address.names[0])]), given)
    found = find_given(given, label_at, detections, tracks, read_typical(address.layout.typical).radius_um)
    is_root = np.zeros(len(tracks) + 1, dtype=np.bool_)
    is_root[tracks.track_of[found.row[found.is_found]]] = True
    root = ancestors_in(tracks, is_root[1:])
    return Lineages(given, found, root, replace(tracks, is_followed=root > 0))


def run_lineages(address: Address) -> None:
    """Write which tracks are in the results, and where each given cell was found."""
    layout, first = address.layout, address.names[0]
    with told(f"lineages {address.sequence.name}") as facts:
        detections = read_detections([layout.detections(first)])
        tracks = read_tracks(layout.decided / TRACKS_TABLE, layout.decided / ASSIGNED_TABLE, detections)
        made = find_lineages(address, detections, tracks)
        number = made.tracks.followed_as[1:]
        kept = {"track": tracks.track, "kept": number > 0, "root": made.root, "number": number}
        with written_folder(layout.followed) as folder:
            write_table(folder / KEPT_TABLE, kept)
            write_table(folder / GIVEN_TABLE, _told(made))
        _warn_of_lost(address, made.given, made.found)
        facts += summary_of_lineages(address).split(", ")


def labels_at(labels: Frames, points: Points) -> npt.NDArray[np.int64]:
    """The label of the first frame in which each point lies; no more than a slab of the frame is held."""
    voxel = np.rint(points.position_um / labels.scale.voxel_um).astype(np.int64)
    voxel = np.clip(voxel, 0, np.array(labels.shape) - 1)
    found = np.zeros(len(points), dtype=np.int64)
    for slab in slabs(labels.shape):
        here = np.flatnonzero((voxel[:, 0] >= slab.start[0]) & (voxel[:, 0] < slab.stop[0]))
        if len(here):
            found[here] = labels.read(0, slab)[tuple((voxel[here] - slab.start).T)]
    return found


def summary_of_lineages(address: Address) -> str:
    """One line: how many of the cells given were found, and what was kept."""
    given, kept = (read_table(address.layout.followed / name) for name in (GIVEN_TABLE, KEPT_TABLE))
    n_found, n_kept = np.count_nonzero(given["track"]), np.count_nonzero(kept["kept"])
    return (
        f"{n_found} of {len(given['track'])} cells of the first frame found, {n_kept} tracks kept, "
        f"{len(kept['kept']) - n_kept} left out"
    )


def _given(address: Address, detections: Detections, tracks: Tracks) -> Points:
    """The cells that the user names; without, all tracked ones of the first frame, by their own labels."""
    path = address.sources.first_frame
    if path is not None:
        return open_first_cells(path, address.sources.images, open_image(address.layout.movie))
    rows = np.flatnonzero((detections.frame == 0) & (tracks.track_of > 0))
    return Points(detections.label[rows], detections.centroid_um[rows])


def _told(made: Lineages) -> dict[str, npt.NDArray[np.generic]]:
    """One row per given cell: its label and place, its track (0: not found), and how far the track's cell lies."""
    given = made.given
    columns: dict[str, npt.NDArray[np.generic]] = {"label": given.label}
    columns |= {f"{axis}_um": given.position_um[:, i] for i, axis in enumerate(AXES[given.position_um.shape[1]])}
    return columns | {"track": made.track_of_given, "distance_um": made.found.distance_um}


def _warn_of_lost(address: Address, given: Points, found: FoundCells) -> None:
    """Name the given cells that were not found, and count those that lie in one mask with another."""
    lost = np.sort(given.label[~found.is_found])
    where = f"{address.sequence.name}: {address.sources.first_frame}"
    if len(lost):
        named = ", ".join(map(str, lost[:NAMED].tolist())) + (", …" if len(lost) > NAMED else "")
        log.warning(
            "%s: %d of %d given cells were not found in the first frame, so their lineages are not in the result: %s",
            where,
            len(lost),
            len(given),
            named,
        )
    n_double = np.count_nonzero(found.is_found) - len(np.unique(found.row[found.is_found]))
    if n_double:
        log.warning("%s: %d given cells lie in the mask of another given cell and share its lineage", where, n_double)

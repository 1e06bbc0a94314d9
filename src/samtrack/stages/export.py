"""Stage export: the decision as files for people (OME-Zarr labels, CSV, Parquet) and as a CTC result.

Two steps, so that a movie that the CTC's 16 bits cannot hold still gives the first. The first writes each frame with
the movie's track numbers and notes who is present; the second renumbers what the first wrote.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.blocks import relabelled
from samtrack.fill import paste_patches
from samtrack.io.atomic import written_folder
from samtrack.io.ctc import write_mask, write_result_table
from samtrack.io.labels import LabelBlocks, open_labels
from samtrack.io.names import ASSIGNED_TABLE, MASK_FILE, RES_TRACK, TRACKS_TABLE
from samtrack.io.ome_zarr import open_image, written_label_image
from samtrack.io.tables import read_detections, read_patches, read_table, read_tracks, write_table
from samtrack.stages.address import Address, told
from samtrack.submit import cut_at_holes, digits_for, presence_table, require_16_bit
from samtrack.types import Box, Detections, MaskPatch, Tracks


def run_export_tracks(address: Address) -> None:
    """Write the tracked labels beside the image, and the table of all cells as Parquet and CSV."""
    layout = address.layout
    with told(f"export {address.sequence.name}") as facts:
        detections = read_detections([layout.detections(name) for name in address.names])
        tracks = read_tracks(layout.decided / TRACKS_TABLE, layout.decided / ASSIGNED_TABLE, detections)
        patches = read_patches([layout.patches(name) for name in address.names])
        labels = open_labels([layout.labels(name) for name in address.names])
        in_field = _write_tracked(address, labels, detections, tracks, patches)
        table = presence_table(detections, tracks, patches, labels.scale, in_field)
        write_table(layout.table_csv, table, csv=True)
        write_table(layout.table, table)
        facts += [f"{address.n_frames} frames", f"{len(tracks)} tracks", f"{len(patches)} filled masks"]


def _write_tracked(
    address: Address, labels: LabelBlocks, detections: Detections, tracks: Tracks, patches: list[MaskPatch]
) -> list[npt.NDArray[Any]]:
    """Write the labels with track numbers; returns, per frame, the tracks that reach into the field of interest."""
    rows = np.searchsorted(detections.frame, np.arange(address.n_frames + 1))
    by_frame: dict[int, list[MaskPatch]] = defaultdict(list)
    for patch in patches:
        by_frame[patch.frame].append(patch)
    rim = address.config.export.field_of_interest_px
    margin = (0,) * (len(labels.shape) - 2) + (rim, rim)
    field = Box(margin, tuple(max(n - m, m) for n, m in zip(labels.shape, margin, strict=True)))

    images = open_image(address.layout.movie)
    with (
        written_label_image(address.layout.tracked, images, address.config.ingest) as writer,
        ThreadPoolExecutor(address.config.resources.workers) as pool,
    ):

        def work(frame: int) -> npt.NDArray[Any]:
            """Renumber, fill and store one frame."""
            here = slice(rows[frame], rows[frame + 1])
            tracked = relabelled(labels.read(frame), detections.label[here], tracks.track_of[here])
            tracked = paste_patches(tracked, by_frame.get(frame, []))
            writer.write(frame, tracked)
            inside = np.unique(tracked[field.slices])
            return inside[inside > 0]

        return list(pool.map(work, range(address.n_frames)))


def run_export_ctc(address: Address) -> None:
    """Write ``mask<i>.tif`` and ``res_track.txt`` from the tracked labels and their table."""
    layout = address.layout
    with told(f"export {address.sequence.name}") as facts:
        table = read_table(layout.table)
        parent_of = np.r_[0, read_table(layout.decided / TRACKS_TABLE)["parent"]]
        present = table["in_field"].astype(np.bool_)
        track, frame = table["track_id"][present], table["t"][present]
        identities = cut_at_holes(track, frame, parent_of)
        require_16_bit(len(identities.table), str(layout.result))
        order = np.argsort(frame, kind="stable")
        rows = np.searchsorted(frame[order], np.arange(address.n_frames + 1))
        tracked = open_image(layout.tracked)
        digits = digits_for(address.n_frames, address.config.export.digits)
        with written_folder(layout.result) as folder, ThreadPoolExecutor(address.config.resources.workers) as pool:

            def work(t: int) -> None:
                """Renumber and store one frame."""
                here = order[rows[t] : rows[t + 1]]
                mask = relabelled(tracked.read(t), track[here], identities.label_of[here], np.uint16)
                write_mask(folder / MASK_FILE.format(frame=t, digits=digits), mask)

            list(pool.map(work, range(address.n_frames)))
            write_result_table(folder / RES_TRACK, identities.table)
        facts += [f"{address.n_frames} masks", f"{len(identities.table)} CTC tracks", str(layout.result)]

"""Stage export: the decision as files for people (OME-Zarr labels, CSV, Parquet) and as a CTC result.

Two steps, so that a movie that the CTC's 16 bits cannot hold still gives the first. The first writes each frame with
the movie's track numbers and notes who is present; the second renumbers what the first wrote.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.blocks import ByLayer, Reader, assembled, is_small, layer_planes, relabelled
from samtrack.fill import cropped, paste_patches
from samtrack.io.atomic import written_folder
from samtrack.io.ctc import write_mask, write_planes, write_result_table
from samtrack.io.label_metadata import label_metadata
from samtrack.io.labels import open_labels
from samtrack.io.names import MASK_FILE, RES_TRACK
from samtrack.io.ome_zarr import open_image, written_label_image
from samtrack.io.tables import read_patches, read_table, write_table
from samtrack.stages.address import Address, told
from samtrack.stages.followed import patches_in_result, read_decided
from samtrack.stages.progress import Progress
from samtrack.submit import cut_at_holes, digits_for, presence_table, require_16_bit
from samtrack.submit.graph import lineages_of
from samtrack.types import Box, Detections, Frames, MaskPatch, Tracks


class TrackedFrames:
    """The movie's labels with track numbers and filled masks, made when they are read."""

    def __init__(self, labels: Frames, detections: Detections, tracks: Tracks, patches: Sequence[MaskPatch]) -> None:
        self._labels, self._detections, self._tracks = labels, detections, tracks
        self._rows = np.searchsorted(detections.frame, np.arange(labels.n_frames + 1))
        self._patches: dict[int, list[MaskPatch]] = defaultdict(list)
        for patch in patches:
            self._patches[patch.frame].append(patch)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return self._labels.shape

    def read(self, frame: int, box: Box | None = None) -> npt.NDArray[Any]:
        """One frame, (z)yx, whole or inside a box; the value is the track."""
        here = slice(self._rows[frame], self._rows[frame + 1])
        voxels = self._labels.read(frame, box)
        tracked = relabelled(voxels, self._detections.label[here], self._tracks.track_of[here])
        patches = self._patches.get(frame, [])
        if box is not None:
            patches = [part for patch in patches if (part := cropped(patch, box))]
        return paste_patches(tracked, patches)


def layers_of(read: Reader, shape: tuple[int, ...], planes: int, dtype: npt.DTypeLike) -> Iterator[npt.NDArray[Any]]:
    """A frame as runs of ``planes`` planes (2D: rows), each made box by box."""
    for start in range(0, shape[0], planes):
        box = Box((start, *(0 for _ in shape[1:])), (min(start + planes, shape[0]), *shape[1:]))
        yield assembled(box, read, dtype)


def field_of(address: Address, shape: tuple[int, ...]) -> Box:
    """The field of interest: the image without its rim along y and x."""
    rim = address.config.export.field_of_interest_px
    margin = (0,) * (len(shape) - 2) + (rim, rim)
    return Box(margin, tuple(max(n - m, m) for n, m in zip(shape, margin, strict=True)))


class Presence:
    """Notes which tracks reach into a field, while a frame comes by in layers."""

    def __init__(self, field: Box) -> None:
        self._field = field
        self._planes = 0
        self._found = [np.zeros(0, dtype=np.uint32)]

    def noted(self, layers: Iterable[npt.NDArray[Any]]) -> Iterator[npt.NDArray[Any]]:
        """The layers themselves, in order."""
        field = self._field
        for layer in layers:
            first, last = (max(edge - self._planes, 0) for edge in (field.start[0], field.stop[0]))
            self._found.append(np.unique(layer[(slice(first, last), *field.slices[1:])]))
            self._planes += len(layer)
            yield layer

    @property
    def tracks(self) -> npt.NDArray[Any]:
        """The tracks, rising."""
        inside = np.unique(np.concatenate(self._found))
        return inside[inside > 0]


def tracks_in(frames: TrackedFrames, frame: int, field: Box) -> npt.NDArray[Any]:
    """The tracks of a frame that reach into a field."""
    presence = Presence(field)
    layers = layers_of(partial(frames.read, frame), frames.shape, layer_planes(frames.shape), np.uint32)
    for _ in presence.noted(layers):
        pass
    return presence.tracks


def run_export_tracks(address: Address) -> None:
    """Write the tracked labels beside the image, and the table of all cells as Parquet and CSV."""
    layout = address.layout
    with told(f"export {address.sequence.name}") as facts:
        detections, decided = read_decided(address, address.names)
        tracks = decided.followed()
        patches = patches_in_result(read_patches([layout.patches(name) for name in address.names]), decided)
        labels = open_labels([layout.labels(name) for name in address.names])
        in_field = _write_tracked(address, TrackedFrames(labels, detections, tracks, patches), tracks)
        table = presence_table(detections, tracks, patches, labels.scale, in_field)
        write_table(layout.table_csv, table, csv=True)
        write_table(layout.table, table)
        facts += [f"{address.n_frames} frames", f"{len(tracks)} tracks", f"{len(patches)} filled masks"]
        facts += [f"{len(decided) - len(tracks)} tracks of other lineages left out"] if address.follows_some else []


def _write_tracked(address: Address, frames: TrackedFrames, tracks: Tracks) -> list[npt.NDArray[Any]]:
    """Write the labels with track numbers; returns, per frame, the tracks that reach into the field of interest."""
    field = field_of(address, frames.shape)
    images = open_image(address.layout.movie)
    described = label_metadata(tracks.parent, lineages_of(tracks.parent))
    with (
        written_label_image(address.layout.tracked, images, address.config.ingest, described) as writer,
        ThreadPoolExecutor(address.config.resources.workers) as pool,
    ):
        progress = Progress("export_tracks", address.n_frames, address.sequence.name)

        def work(frame: int) -> npt.NDArray[Any]:
            """Renumber, fill and store one frame, layer by layer."""
            presence = Presence(field)
            layers = layers_of(partial(frames.read, frame), frames.shape, writer.thickness, np.uint32)
            writer.write_parts(frame, presence.noted(layers))
            progress.step()
            return presence.tracks

        return list(pool.map(work, range(address.n_frames)))


def run_export_ctc(address: Address) -> None:
    """Write ``mask<i>.tif`` and ``res_track.txt`` from the tracked labels and their table."""
    layout = address.layout
    with told(f"export {address.sequence.name}") as facts:
        parent_of = np.r_[0, read_decided(address, address.names)[1].followed().parent]
        n = write_ctc(address, layout.result, read_table(layout.table), parent_of, open_image(layout.tracked))
        facts += [f"{address.n_frames} masks", f"{n} CTC tracks", str(layout.result)]


def write_ctc(
    address: Address,
    result: Path,
    table: Mapping[str, npt.NDArray[Any]],
    parent_of: npt.NDArray[np.int64],
    frames: Frames | TrackedFrames,
) -> int:
    """Write a CTC result from a table of presences and tracked frames; returns its number of tracks."""
    present = table["in_field"].astype(np.bool_)
    track, frame = table["track_id"][present], table["t"][present]
    identities = cut_at_holes(track, frame, parent_of)
    require_16_bit(len(identities.table), str(result))
    order = np.argsort(frame, kind="stable")
    rows = np.searchsorted(frame[order], np.arange(address.n_frames + 1))
    digits = digits_for(address.n_frames, address.config.export.digits)
    with written_folder(result) as folder, ThreadPoolExecutor(address.config.resources.workers) as pool:
        progress = Progress("export_ctc", address.n_frames, address.sequence.name)

        def work(t: int) -> None:
            """Renumber and store one frame."""
            here = order[rows[t] : rows[t + 1]]
            path = folder / MASK_FILE.format(frame=t, digits=digits)
            known, label = track[here], identities.label_of[here]
            if len(frames.shape) == 2 or is_small(frames.shape):
                write_mask(path, relabelled(frames.read(t), known, label, np.uint16))
            else:
                tracked = ByLayer(partial(frames.read, t), frames.shape)
                layers = layers_of(
                    lambda box: relabelled(tracked(box), known, label, np.uint16), frames.shape, 1, np.uint16
                )
                write_planes(path, (layer[0] for layer in layers), frames.shape)
            progress.step()

        list(pool.map(work, range(address.n_frames)))
        write_result_table(folder / RES_TRACK, identities.table)
    return len(identities.table)

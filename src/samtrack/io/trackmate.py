"""The tracks as a file of TrackMate, the tracking plugin of Fiji.

A TrackMate track is a cell with all its descendants, so it is a lineage here, and a spot without any link is in no track.
Lines are made by columns and in pieces; a file of ten million cells has several gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from samtrack.io.atomic import written_file
from samtrack.io.trackmate_form import SIZE_FEATURES, TRACK_FEATURES, head_of, image_of, minutes, tail_of
from samtrack.types import Column, Filmed, TrackGraph

Ints = npt.NDArray[np.int64]

PIECE_ROWS = 2**17
"""Lines that are made at a time: some 40 MB of text."""


def write_trackmate(path: Path, graph: TrackGraph, column: Column, filmed: Filmed, images: Path) -> None:
    """Write a graph whose nodes are the rows of a table; ``images`` are the user's, which TrackMate may open."""
    frame = column("t")
    with written_file(path) as part, part.open("wb") as file:
        file.write(head_of(filmed).encode())
        radius = _write_spots(file, frame, column, filmed)
        _write_tracks(file, graph, frame, filmed)
        file.write(tail_of(filmed, image_of(path, images), radius).encode())


def _write_spots(file: BinaryIO, frame: Ints, column: Column, filmed: Filmed) -> float:
    """Write all spots, frame by frame; returns the median radius."""
    scale = filmed.scale
    order = np.argsort(frame, kind="stable")
    begins = np.r_[True, np.diff(frame[order]) != 0][: len(order)]
    ends = np.r_[begins[1:], True][: len(order)]
    axes = {"POSITION_Z": "z", "POSITION_Y": "y", "POSITION_X": "x"}
    place = {key: column(f"{axis}_um") for key, axis in axes.items() if scale.ndim == 3 or axis != "z"}
    size, track, origin = column("size_um"), column("track_id"), column("origin")
    radius = scale.radius_um(size)
    file.write(f'    <AllSpots nspots="{len(frame)}">\n'.encode())
    for piece in _pieces(len(order)):
        rows = order[piece]
        t = frame[rows]
        head = pc.if_else(begins[piece], _joined('      <SpotsInFrame frame="', t, '">\n'), "")
        tail = pc.if_else(ends[piece], "      </SpotsInFrame>\n", "")
        attributes: dict[str, Any] = {"ID": rows, "name": track[rows], "QUALITY": "1.0"}
        attributes |= {key: place[key][rows] if key in place else "0.0" for key in axes}
        attributes |= {"POSITION_T": t * minutes(scale), "FRAME": t, "RADIUS": radius[rows], "VISIBILITY": "1"}
        attributes |= {"CELL_TRACK": track[rows], "CELL_ORIGIN": origin[rows], SIZE_FEATURES[scale.ndim][0]: size[rows]}
        _write_lines(file, _joined(head, "        <Spot", *_attributes(attributes), " />\n", tail))
    file.write(b"    </AllSpots>\n")
    return float(np.median(radius)) if len(radius) else 1.0


def _write_tracks(file: BinaryIO, graph: TrackGraph, frame: Ints, filmed: Filmed) -> None:
    """Write the tracks with their edges, and that all of them are shown."""
    target = graph.targets
    target = target[np.argsort(graph.lineage[target], kind="stable")]
    lineage, source = graph.lineage[target], graph.before[target]
    begins = np.r_[True, np.diff(lineage) != 0][: len(target)]
    ends = np.r_[begins[1:], True][: len(target)]
    tracks = track_features(graph, frame, lineage[begins], minutes(filmed.scale))
    number = np.cumsum(begins) - 1  # of the track of each edge
    probability = graph.probability[target]
    file.write(b"    <AllTracks>\n")
    for piece in _pieces(len(target)):
        here = {name: values[number[piece]] for name, values in tracks.items()}
        name = _joined("Track_", here["TRACK_ID"])
        head = _joined("      <Track", *_attributes({"name": name} | here), ">\n")
        known = ~np.isnan(probability[piece])
        sure = {"LINK_COST": 1.0 - probability[piece], "LINK_PROBABILITY": probability[piece]}
        ids = _attributes({"SPOT_SOURCE_ID": source[piece], "SPOT_TARGET_ID": target[piece]})
        said = pc.if_else(known, _joined(*_attributes(sure)), "")
        tail = pc.if_else(ends[piece], "      </Track>\n", "")
        head = pc.if_else(begins[piece], head, "")
        _write_lines(file, _joined(head, "        <Edge", *ids, said, " />\n", tail))
    file.write(b"    </AllTracks>\n    <FilteredTracks>\n")
    for piece in _pieces(len(tracks["TRACK_ID"])):
        _write_lines(file, _joined('      <TrackID TRACK_ID="', tracks["TRACK_ID"][piece], '" />\n'))
    file.write(b"    </FilteredTracks>\n")


def track_features(graph: TrackGraph, frame: Ints, lineage: Ints, interval: float) -> dict[str, npt.NDArray[Any]]:
    """What TrackMate counts of its tracks, for the given lineages (rising)."""
    size = int(graph.lineage.max(initial=0)) + 1
    target = graph.targets
    skipped = frame[target] - frame[graph.before[target]] - 1
    of_edge = graph.lineage[target]
    out = np.bincount(graph.before[target], minlength=len(graph))
    gaps = np.bincount(of_edge[skipped > 0], minlength=size)
    splits = np.bincount(graph.lineage[out > 1], minlength=size)
    longest = np.zeros(size, dtype=np.int64)
    np.maximum.at(longest, of_edge, skipped)
    start, stop = np.full(size, np.iinfo(np.int64).max), np.zeros(size, dtype=np.int64)
    np.minimum.at(start, graph.lineage, frame)
    np.maximum.at(stop, graph.lineage, frame)
    none = np.zeros(len(lineage), dtype=np.int64)
    start, stop = start[lineage], stop[lineage]
    values = (
        np.arange(len(lineage)),
        lineage,
        np.bincount(graph.lineage, minlength=size)[lineage],
        gaps[lineage],
        splits[lineage],
        none,
        none,
        longest[lineage],
        (stop - start) * interval,
        start * interval,
        stop * interval,
    )
    return {feature[0]: column for feature, column in zip(TRACK_FEATURES, values, strict=True)}


def _pieces(n: int) -> Iterator[slice]:
    return (slice(start, min(start + PIECE_ROWS, n)) for start in range(0, n, PIECE_ROWS))


def _attributes(values: dict[str, Any]) -> list[Any]:
    """Texts and columns in turns, for `_joined`."""
    parts: list[Any] = []
    for name, column in values.items():
        parts += [f' {name}="', column, '"']
    return parts


def _joined(*parts: Any) -> Any:
    """Constant texts and columns as one column of texts."""
    columns = [part if isinstance(part, str) else _as_text(part) for part in parts]
    return pc.binary_join_element_wise(*columns, "")


def _as_text(values: Any) -> Any:
    array = values if isinstance(values, pa.Array) else pa.array(np.ascontiguousarray(values))
    return array if pa.types.is_string(array.type) else pc.cast(array, pa.string())


def _write_lines(file: BinaryIO, lines: Any) -> None:
    """Write a column of texts, which lie one behind the other in memory."""
    offsets, texts = lines.buffers()[1:]
    span = np.frombuffer(offsets, dtype=np.int32)[lines.offset : lines.offset + len(lines) + 1]
    file.write(memoryview(texts)[int(span[0]) : int(span[-1])])

"""A reader as strict as TrackMate's own (TmXmlReader, IOUtils, LoadTrackMatePlugIn): whatever makes that one complain,
substitute a value or throw is an error here. Written from the rules of these classes, not from samtrack's writer."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

DIMENSIONS = {"NONE", "QUALITY", "COST", "INTENSITY", "INTENSITY_SQUARED", "POSITION", "VELOCITY", "LENGTH", "AREA"}
DIMENSIONS |= {"TIME", "ANGLE", "RATE", "ANGLE_RATE", "STRING"}
"""Those of version 7; an unknown one throws while the file is opened."""

INTEGER = re.compile(r"[+-]?\d+")
DOUBLE = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
"""What Java's Integer.parseInt and Double.valueOf take, without its words for infinity and no number."""

INT_MAX = 2**31 - 1
NEEDED = ("POSITION_X", "POSITION_Y", "POSITION_Z", "POSITION_T", "FRAME", "RADIUS", "VISIBILITY", "QUALITY")
"""Features that views ask of every spot; without VISIBILITY they throw."""

DETECTORS = {"MANUAL_DETECTOR": ["RADIUS"]}
TRACKERS = {"MANUAL_TRACKER": []}
SHOWN = ("spotColorByType", "trackColorByType")
TYPES = ("DEFAULT", "SPOTS", "EDGES", "TRACKS")
MODES = ("FULL", "LOCAL", "LOCAL_BACKWARD", "LOCAL_FORWARD", "SELECTION_ONLY")


@dataclass
class Model:
    """What TrackMate would hold."""

    units: tuple[str, str]
    spots: dict[int, dict[str, float]]
    tracks: dict[int, list[tuple[int, int, dict[str, float]]]]
    features: dict[int, dict[str, float]]
    visible: set[int]
    image: dict[str, str]


def read_trackmate(path: Path) -> Model:
    """Open a file, or fail where TrackMate would not be content."""
    root = ElementTree.parse(path).getroot()
    assert root.tag == "TrackMate"
    version = tuple(int(part) for part in root.attrib["version"].split("."))
    assert version >= (2, 1, 0), "older files are refused"
    assert child(root, "Log").text
    model = child(root, "Model")
    units = (model.attrib["spatialunits"], model.attrib["timeunits"])
    declared = {kind: declarations(child(model, "FeatureDeclarations"), kind) for kind in ("Spot", "Edge", "Track")}
    spots = read_spots(child(model, "AllSpots"), declared["Spot"])
    tracks, features = read_tracks(child(model, "AllTracks"), declared, spots)
    visible = {integer(e.attrib["TRACK_ID"]) for e in child(model, "FilteredTracks")}
    assert visible <= set(tracks), "a filtered track that does not exist"
    image = read_settings(child(root, "Settings"))
    assert child(root, "GUIState").attrib["state"]
    read_display(child(root, "DisplaySettings").text or "")
    return Model(units, spots, tracks, features, visible, image)


def child(element: ElementTree.Element, name: str) -> ElementTree.Element:
    found = element.findall(name)
    assert len(found) == 1, f"{element.tag} has {len(found)} children {name}"
    return found[0]


def integer(text: str) -> int:
    assert INTEGER.fullmatch(text), f"no int: {text!r}"
    assert abs(int(text)) <= INT_MAX
    return int(text)


def number(text: str) -> float:
    assert DOUBLE.fullmatch(text), f"no double: {text!r}"
    return float(text)


def declarations(element: ElementTree.Element, kind: str) -> dict[str, bool]:
    found = {}
    for feature in child(element, f"{kind}Features"):
        assert feature.tag == "Feature"
        key = feature.attrib["feature"]
        assert key not in found, f"{key} is declared twice"
        assert feature.attrib["name"]
        assert feature.attrib["shortname"]
        assert feature.attrib["dimension"] in DIMENSIONS, feature.attrib["dimension"]
        assert feature.attrib["isint"] in ("true", "false")
        found[key] = feature.attrib["isint"] == "true"
    return found


def values(element: ElementTree.Element, declared: dict[str, bool], without: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for key, text in element.attrib.items():
        if key not in without:
            assert key in declared, f"{key} is not declared"
            found[key] = integer(text) if declared[key] else number(text)
    return found


def read_spots(element: ElementTree.Element, declared: dict[str, bool]) -> dict[int, dict[str, float]]:
    spots: dict[int, dict[str, float]] = {}
    frames = []
    for content in element:
        assert content.tag == "SpotsInFrame"
        frames.append(integer(content.attrib["frame"]))
        for spot in content:
            assert spot.tag == "Spot"
            assert "ROI_N_POINTS" not in spot.attrib
            key = integer(spot.attrib["ID"])
            assert key not in spots, f"spot {key} is there twice"
            spots[key] = values(spot, declared, ("ID", "name"))
            assert set(NEEDED) <= set(spots[key])
            assert spot.attrib["name"]
            assert spots[key]["FRAME"] == frames[-1]
            assert spots[key]["VISIBILITY"] == 1
            assert spots[key]["RADIUS"] > 0
    assert len(frames) == len(set(frames)), "a frame that comes twice replaces the first"
    assert integer(element.attrib["nspots"]) == len(spots)
    return spots


def read_tracks(element: ElementTree.Element, declared: dict[str, dict[str, bool]], spots: dict):
    tracks, features, owner, pairs = {}, {}, {}, set()
    for track in element:
        assert track.tag == "Track"
        assert track.attrib["name"]
        key = integer(track.attrib["TRACK_ID"])
        assert key not in tracks, f"track {key} is there twice"
        features[key] = values(track, declared["Track"], ("name",))
        tracks[key] = []
        for edge in track:
            assert edge.tag == "Edge"
            said = values(edge, declared["Edge"], ())
            a, b = (int(said[name]) for name in ("SPOT_SOURCE_ID", "SPOT_TARGET_ID"))
            assert {a, b} <= set(spots), "unknown spot"
            assert a != b
            assert frozenset((a, b)) not in pairs, "a simple graph takes no second edge"
            pairs.add(frozenset((a, b)))
            for spot in (a, b):
                assert owner.setdefault(spot, key) == key, f"spot {spot} is in two tracks"
            tracks[key].append((a, b, said))
        assert tracks[key], "TrackMate has no track without an edge"
    assert connected(tracks), "each track is one connected component"
    return tracks, features


def connected(tracks: dict) -> bool:
    for edges in tracks.values():
        reached, rest = {edges[0][0]}, [{a, b} for a, b, _ in edges]
        while touching := [pair for pair in rest if pair & reached]:
            reached = reached.union(*touching)
            rest = [pair for pair in rest if not pair <= reached]
        if rest:
            return False
    return True


def read_settings(element: ElementTree.Element) -> dict[str, str]:
    crop, image = child(element, "BasicSettings").attrib, child(element, "ImageData").attrib
    assert all(integer(crop[f"{axis}{end}"]) >= 0 for axis in "xyzt" for end in ("start", "end"))
    assert all(number(image[key]) > 0 for key in ("pixelwidth", "pixelheight", "voxeldepth", "timeinterval"))
    assert all(integer(image[key]) > 0 for key in ("width", "height", "nslices", "nframes"))
    assert image["filename"]
    assert "folder" in image
    for name, key, known in (("Detector", "DETECTOR_NAME", DETECTORS), ("Tracker", "TRACKER_NAME", TRACKERS)):
        settings = child(element, f"{name}Settings").attrib
        assert all(number(settings[parameter]) > 0 for parameter in known[settings[key]])
    first = child(element, "InitialSpotFilter").attrib
    assert first["feature"] == "QUALITY"
    assert number(first["value"]) <= 1
    assert first["isabove"] == "true"
    assert not len(child(element, "SpotFilterCollection"))
    assert not len(child(element, "TrackFilterCollection"))
    analyzers = child(element, "AnalyzerCollection")
    for kind in ("Spot", "Edge", "Track"):
        assert not len(child(analyzers, f"{kind}Analyzers"))
    return dict(image)


def read_display(text: str) -> None:
    shown = json.loads(text)
    assert all(shown[key] in TYPES for key in SHOWN)
    assert shown["trackDisplayMode"] in MODES
    for key, value in shown.items():
        if key.endswith(("Color", "Color1", "Color2")):
            assert len([int(part) for part in value.split(",")]) == 4, key
    assert {"name", "style", "size"} <= set(shown["font"])
    assert shown["lineThickness"] > 0
    assert shown["colormap"]

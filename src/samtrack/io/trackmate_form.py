"""The fixed parts of a TrackMate file: what is declared, and the settings that its reader insists on.

TrackMate's reader (TmXmlReader) takes features from attributes by the declared name, dimension (one of a list of words)
and whether they are whole numbers; it wants both filters, a detector and a tracker that it knows, display settings as
JSON and a state of its window. Where one of them is missing it complains, substitutes, or fails.
"""

from __future__ import annotations

import json
from pathlib import Path
from xml.sax.saxutils import quoteattr

from samtrack.io.names import TIFF_SUFFIXES
from samtrack.types import Filmed, Scale

VERSION = "7.11.1"
"""The version of TrackMate whose files these are like; its reader refuses those before 2.1.0."""

SPOT_FEATURES = (
    ("QUALITY", "Quality", "Quality", "QUALITY", False),
    ("POSITION_X", "X", "X", "POSITION", False),
    ("POSITION_Y", "Y", "Y", "POSITION", False),
    ("POSITION_Z", "Z", "Z", "POSITION", False),
    ("POSITION_T", "T", "T", "TIME", False),
    ("FRAME", "Frame", "Frame", "NONE", True),
    ("RADIUS", "Radius", "R", "LENGTH", False),
    ("VISIBILITY", "Visibility", "Visibility", "NONE", True),
    ("CELL_TRACK", "Track between divisions", "Cell track", "NONE", True),
    ("CELL_ORIGIN", "Where the mask comes from", "Origin", "NONE", True),
)
"""Key, name, short name, dimension, whether whole: the eight that every spot has, and two of samtrack's own."""

SIZE_FEATURES = {2: ("AREA", "Area", "Area", "AREA", False), 3: ("VOLUME", "Volume", "Volume", "NONE", False)}
"""Size of a mask by number of axes. Versions before 8 know no dimension for volumes."""

EDGE_FEATURES = (
    ("SPOT_SOURCE_ID", "Source spot ID", "Source ID", "NONE", True),
    ("SPOT_TARGET_ID", "Target spot ID", "Target ID", "NONE", True),
    ("LINK_COST", "Edge cost", "Cost", "COST", False),
    ("LINK_PROBABILITY", "Link probability", "Probability", "NONE", False),
)
TRACK_FEATURES = (
    ("TRACK_INDEX", "Track index", "Index", "NONE", True),
    ("TRACK_ID", "Track ID", "ID", "NONE", True),
    ("NUMBER_SPOTS", "Number of spots in track", "N spots", "NONE", True),
    ("NUMBER_GAPS", "Number of gaps", "N gaps", "NONE", True),
    ("NUMBER_SPLITS", "Number of split events", "N splits", "NONE", True),
    ("NUMBER_MERGES", "Number of merge events", "N merges", "NONE", True),
    ("NUMBER_COMPLEX", "Number of complex points", "N complex", "NONE", True),
    ("LONGEST_GAP", "Longest gap", "Lgst gap", "NONE", True),
    ("TRACK_DURATION", "Track duration", "Duration", "TIME", False),
    ("TRACK_START", "Track start", "Track start", "TIME", False),
    ("TRACK_STOP", "Track stop", "Track stop", "TIME", False),
)

DISPLAY = {
    "name": "samtrack", "spotUniformColor": "204, 51, 204, 255", "spotColorByType": "TRACKS",
    "spotColorByFeature": "TRACK_INDEX", "spotDisplayRadius": 1.0, "spotDisplayedAsRoi": True, "spotMin": 0.0,
    "spotMax": 10.0, "spotShowName": False, "trackMin": 0.0, "trackMax": 10.0, "trackColorByType": "TRACKS",
    "trackColorByFeature": "TRACK_INDEX", "trackUniformColor": "204, 204, 51, 255",
    "undefinedValueColor": "0, 0, 0, 255", "missingValueColor": "89, 89, 89, 255", "highlightColor": "51, 230, 51, 255",
    "trackDisplayMode": "LOCAL_BACKWARD", "colormap": "Turbo", "limitZDrawingDepth": False, "drawingZDepth": 10.0,
    "fadeTracks": True, "fadeTrackRange": 30, "useAntialiasing": True, "spotVisible": True, "trackVisible": True,
    "font": {"name": "Arial", "style": 1, "size": 12, "pointSize": 12.0, "fontSerializedDataVersion": 1},
    "lineThickness": 1.0, "selectionLineThickness": 4.0, "trackschemeBackgroundColor1": "128, 128, 128, 255",
    "trackschemeBackgroundColor2": "192, 192, 192, 255", "trackschemeForegroundColor": "0, 0, 0, 255",
    "trackschemeDecorationColor": "0, 0, 0, 255", "trackschemeFillBox": False, "spotFilled": False,
    "spotTransparencyAlpha": 1.0,
}  # fmt: skip
"""How TrackMate shows the file: all that its settings hold, since it takes what is left out for nothing, not a default."""

STATE = "ConfigureViews"
"""The panel of TrackMate's window at which it opens: that of what is shown."""


def units(scale: Scale) -> tuple[str, str]:
    """The units of lengths and of times; those of image and frame where nobody said what a voxel measures."""
    return ("micrometer", "minute") if scale.is_calibrated else ("pixel", "frame")


def minutes(scale: Scale) -> float:
    """The time from frame to frame in `units`."""
    return scale.minutes_per_frame if scale.is_calibrated else 1.0


def head_of(filmed: Filmed) -> str:
    """All before the spots."""
    space, time = units(filmed.scale)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<TrackMate version="{VERSION}">']
    lines.append(f"  <Log>Tracked by samtrack: {_text(filmed.name)}</Log>")
    lines.append(f'  <Model spatialunits="{space}" timeunits="{time}">')
    lines.append("    <FeatureDeclarations>")
    spots = (*SPOT_FEATURES, SIZE_FEATURES[filmed.scale.ndim])
    for kind, features in (("Spot", spots), ("Edge", EDGE_FEATURES), ("Track", TRACK_FEATURES)):
        lines.append(f"      <{kind}Features>")
        for key, name, short, dimension, is_whole in features:
            lines.append(
                f'        <Feature feature="{key}" name="{name}" shortname="{short}" dimension="{dimension}" '
                f'isint="{str(is_whole).lower()}" />'
            )
        lines.append(f"      </{kind}Features>")
    lines.append("    </FeatureDeclarations>")
    return "\n".join(lines) + "\n"


def tail_of(filmed: Filmed, image: tuple[str, str], radius: float) -> str:
    """All after the tracks: name and folder of the image, a detector and a tracker that do nothing, how it is shown."""
    name, folder = image
    depth, height, width = (1,) * (3 - len(filmed.shape)) + filmed.shape
    dz, dy, dx = (1.0,) * (3 - len(filmed.shape)) + filmed.scale.um_per_voxel
    return f"""\
  </Model>
  <Settings>
    <ImageData filename={quoteattr(name)} folder={quoteattr(folder)} width="{width}" height="{height}" \
nslices="{depth}" nframes="{filmed.n_frames}" pixelwidth="{dx}" pixelheight="{dy}" voxeldepth="{dz}" \
timeinterval="{minutes(filmed.scale)}" />
    <BasicSettings xstart="0" xend="{width - 1}" ystart="0" yend="{height - 1}" zstart="0" zend="{depth - 1}" \
tstart="0" tend="{filmed.n_frames - 1}" />
    <DetectorSettings DETECTOR_NAME="MANUAL_DETECTOR" RADIUS="{radius}" />
    <InitialSpotFilter feature="QUALITY" value="0.0" isabove="true" />
    <SpotFilterCollection />
    <TrackerSettings TRACKER_NAME="MANUAL_TRACKER" />
    <TrackFilterCollection />
    <AnalyzerCollection>
      <SpotAnalyzers />
      <EdgeAnalyzers />
      <TrackAnalyzers />
    </AnalyzerCollection>
  </Settings>
  <GUIState state="{STATE}" />
  <DisplaySettings>{_text(json.dumps(DISPLAY, indent=2))}</DisplaySettings>
</TrackMate>
"""


def image_of(path: Path, images: Path) -> tuple[str, str]:
    """Name and folder of the image that TrackMate opens: the user's, if it is one TIFF file.

    Of a folder of files TrackMate could show one frame only. It then looks for a file beside the XML, of its name but
    ``.tif``, which a user may save there, and shows the tracks on an empty image until then.
    """
    if images.suffix.lower() in TIFF_SUFFIXES and images.is_file():
        return images.name, str(images.resolve().parent)
    return path.with_suffix(".tif").name, ""


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

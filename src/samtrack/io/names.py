"""Names that samtrack writes inside files and folders, or expects there. Where files lie is told by `config.layout`."""

MASK_FILE = "mask{frame:0{digits}d}.tif"
RES_TRACK = "res_track.txt"
MAN_TRACK = "man_track.txt"
TRA_FOLDER = "TRA"
SEG_FOLDER = "SEG"

LABELS_GROUP = "labels"
TRACKED_LABELS = "tracks"

PART_SUFFIX = ".part"
"""Marks a file or folder that is still being written; never read, removed by the next writer."""

METADATA_FILE = "zarr.json"
"""Of a Zarr v3 store; it reaches its final place last, so its presence means the store is complete."""

FEATURE_PREFIX = "feature_"
"""Of the columns of a table of links or divisions that hold what a probability was computed from."""

TRACKS_TABLE = "tracks.parquet"
ASSIGNED_TABLE = "assigned.parquet"
LINKS_TABLE = "links.parquet"
DIVISIONS_TABLE = "divisions.parquet"
"""The four tables of the decision, in the folder `Layout.decided`."""

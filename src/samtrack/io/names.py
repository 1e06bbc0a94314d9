"""Names that samtrack writes inside files and folders, or expects there. Where files lie is told by `config.layout`."""

MASK_FILE = "mask{frame:0{digits}d}.tif"
RES_TRACK = "res_track.txt"
MAN_TRACK = "man_track.txt"
TRA_FOLDER = "TRA"
SEG_FOLDER = "SEG"

PART_SUFFIX = ".part"
"""Marks a file or folder that is still being written; never read, removed by the next writer."""

METADATA_FILE = "zarr.json"
"""Of a Zarr v3 store; it reaches its final place last, so its presence means the store is complete."""

FEATURE_PREFIX = "feature_"
"""Of the columns of a table of links, divisions or merges that hold what a probability was computed from."""

TRACKS_TABLE = "tracks.parquet"
ASSIGNED_TABLE = "assigned.parquet"
LINKS_TABLE = "links.parquet"
DIVISIONS_TABLE = "divisions.parquet"
MERGES_TABLE = "merges.parquet"
"""The five tables of the decision, in the folder `Layout.decided`."""

GIVEN_TABLE = "given.parquet"
"""In the folder `Layout.followed`: where each given cell of the first frame was found."""

TIFF_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8")
"""Endings of TIFF files, in lower case; ``.ome.tif`` ends like the first."""

ZARR_MARKS = ("zarr.json", ".zgroup", ".zattrs", ".zarray")
"""A folder that holds one of these is a Zarr store (v3, v2)."""

OME_VERSION = "0.5"
"""Version of OME-Zarr that samtrack writes."""

FACTS_KEY = "samtrack"
"""Attribute of a store's root, next to ``ome``: facts about the movie that OME-Zarr has no place for."""

LOCK_FILE = ".samtrack-lock"
"""In an unfinished store: held by the process that writes it."""

JOURNAL_FILE = ".samtrack-journal"
"""In an unfinished store: which frames are finished, so that a killed run can go on."""

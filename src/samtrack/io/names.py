"""Every name that samtrack writes to disk or expects there, in one place."""

IMAGE_STORE = "{sequence}.ome.zarr"
"""OME-Zarr 0.5 of one sequence: the image at the root, tracked labels under ``labels/tracks``."""

WORK_FOLDER = "{sequence}_work"
"""Everything between ingest and result; may be deleted when the result is there."""

RESULT_FOLDER = "{sequence}_RES"
"""CTC result: ``mask<i>.tif`` and ``res_track.txt``."""

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

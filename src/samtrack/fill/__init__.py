"""Masks for the frames in which a tracked cell was not seen: only between two real observations of one track.

``gaps`` finds what is missing, ``shape`` draws one mask, ``sam2`` the masks of a frame as a network sees them, ``split``
divides a shared one, ``conflicts`` settles who owns a voxel, ``paste`` puts masks into a label image. Knows no file and
decides no identity.
"""

from samtrack.fill.gaps import fill_frames, fill_gaps
from samtrack.fill.paste import cropped, paste_patches

__all__ = ["cropped", "fill_frames", "fill_gaps", "paste_patches"]

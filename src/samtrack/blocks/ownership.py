"""Who owns what, in one place.

A mask at frame t belongs to the block whose core holds t. A link belongs to the block whose core holds its source's
frame, a division to that of the mother, a merge to that of the two cells before they share a mask. What a network says of
two frames, in either direction, belongs to the block that holds the first of them. A filled mask belongs to the block whose
core holds its frame. What belongs elsewhere is not written.
"""

from __future__ import annotations

from samtrack.types import Span


def frames_read_by(
    core: Span, n_frames: int, max_gap_frames: int, propagate_frames: int = 1, long_gap_frames: int = 0
) -> dict[str, Span]:
    """Frames each stage reads for a core, the core included; the only place that knows.

    ``propagate`` looks at pairs of frames that are ``propagate_frames`` apart at most. ``link`` looks forward over the
    longest gap allowed; a merge is a gap of one frame. ``fill`` needs the observations on both sides of a gap, which the
    second look, with the whole movie before it, may have made longer by ``long_gap_frames``.
    """
    reach = max_gap_frames + 1
    beside = reach + long_gap_frames
    return {
        "propagate": Span(core.start, min(core.stop + propagate_frames, n_frames)),
        "link": Span(core.start, min(core.stop + reach, n_frames)),
        "fill": Span(max(core.start - beside, 0), min(core.stop + beside, n_frames)),
    }

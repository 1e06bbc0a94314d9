"""Who owns what, in one place.

A mask at frame t belongs to the block whose core holds t. A link belongs to the block whose core holds its source's
frame. A filled mask belongs to the block whose core holds its frame. What belongs elsewhere is not written.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from samtrack.types import Block, Span


def owner_of(blocks: Sequence[Block], frame: int) -> Block:
    """The block that owns a frame."""
    block = blocks[bisect_right([b.core.start for b in blocks], frame) - 1]
    if frame not in block.core:
        raise IndexError(f"frame {frame} belongs to no block")
    return block


def frames_read_by(core: Span, n_frames: int, max_gap_frames: int) -> dict[str, Span]:
    """Frames each stage reads for a core, the core included; the only place that knows.

    ``link`` looks forward over the longest gap allowed. ``fill`` needs the observations on both sides of a gap.
    """
    reach = max_gap_frames + 1
    return {
        "link": Span(core.start, min(core.stop + reach, n_frames)),
        "fill": Span(max(core.start - reach, 0), min(core.stop + reach, n_frames)),
    }

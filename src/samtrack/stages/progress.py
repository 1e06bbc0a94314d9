"""A line now and then about how far a stage is."""

from __future__ import annotations

import logging
import time

log = logging.getLogger("samtrack")

SAID_EVERY_S = 2.0
SAID_EVERY_SHARE = 0.1
"""A line comes after this many seconds or this share of the frames, whichever is later."""


class Progress:
    """Counts the ``n`` frames of a stage.

    ``frame_mb`` says how large one is, where reading it is what takes time; then the last frame is told even if all went
    fast.
    """

    def __init__(self, stage: str, n: int, frame_mb: float | None = None) -> None:
        self._stage, self._n, self._mb = stage, n, frame_mb
        self._start = self._said_at = time.monotonic()
        self._done = self._kept = self._said = 0

    def step(self, was_kept: bool = False) -> None:
        """Count one frame; ``was_kept`` if an earlier run had finished it. The last one ends what was begun."""
        self._done += 1
        self._kept += was_kept
        now = time.monotonic()
        is_due = now - self._said_at >= SAID_EVERY_S and self._done - self._said >= SAID_EVERY_SHARE * self._n
        is_last = self._done == self._n and (self._mb is not None or self._said > 0)
        if is_due or is_last:
            rate = max(self._done - self._kept, 0) / max(now - self._start, 1e-9)
            left = (self._n - self._done) / rate if rate else 0.0
            kept = f" ({self._kept} from an earlier run)" if self._kept else ""
            speed = f"{rate:.3g} frames/s" if self._mb is None else f"{rate * self._mb:.0f} MB/s"
            log.info("%s: %d of %d frames%s, %s, %.0f s left", self._stage, self._done, self._n, kept, speed, left)
            self._said_at, self._said = now, self._done

"""How far a stage is: a line now and then in a log, one line that is drawn anew in a terminal."""

from __future__ import annotations

import logging
import sys
import threading
import time
from typing import TextIO

log = logging.getLogger("samtrack")

SAID_EVERY_S = 2.0
SAID_EVERY_SHARE = 0.1
"""A line of a log comes after this many seconds or this share of the frames, whichever is later."""

QUIET_S = 60.0
"""Seconds after which a line comes whatever the share: who looks at the log of a slow stage sees that it goes on."""

DRAWN_EVERY_S = 0.2
"""A terminal's line is drawn anew after this many seconds: fast enough to look alive."""

CLEAR = "\r\x1b[K"
"""Back to the line's beginning, and nothing left of what stood there."""


class Progress:
    """Counts the ``n`` frames of a stage; threads may count together.

    ``frame_mb`` says how large one is, where reading it is what takes time; then the last frame is told even if all went
    fast. ``terminal`` is where a line may be drawn anew (None: standard error if it is a terminal).
    """

    def __init__(self, stage: str, n: int, frame_mb: float | None = None, terminal: TextIO | None = None) -> None:
        self._stage, self._n, self._mb = stage, n, frame_mb
        self._start = self._said_at = self._drawn_at = time.monotonic()
        self._done = self._kept = self._said = 0
        self._lock = threading.Lock()
        self._terminal = terminal or (sys.stderr if sys.stderr.isatty() else None)

    def step(self, was_kept: bool = False) -> None:
        """Count one frame; ``was_kept`` if an earlier run had finished it. The last one ends what was begun."""
        with self._lock:
            self._done += 1
            self._kept += was_kept
            now = time.monotonic()
            if self._terminal is not None:
                self._draw(now, self._terminal)
            else:
                self._say(now)

    def _draw(self, now: float, terminal: TextIO) -> None:
        """The line in a terminal: drawn over itself, and taken away by the last frame, after which the stage reports."""
        if self._done == self._n:
            terminal.write(CLEAR)
            terminal.flush()
            if self._mb is not None:
                log.info("%s", self._line(now))
        elif now - self._drawn_at >= DRAWN_EVERY_S:
            terminal.write(CLEAR + self._line(now))
            terminal.flush()
            self._drawn_at = now

    def _say(self, now: float) -> None:
        """A line in a log, where one is due."""
        is_due = now - self._said_at >= SAID_EVERY_S and self._done - self._said >= SAID_EVERY_SHARE * self._n
        is_due |= now - self._said_at >= QUIET_S
        is_last = self._done == self._n and (self._mb is not None or self._said > 0)
        if is_due or is_last:
            log.info("%s", self._line(now))
            self._said_at, self._said = now, self._done

    def _line(self, now: float) -> str:
        """Frames, speed, and the time that is left if it goes on like this."""
        rate = max(self._done - self._kept, 0) / max(now - self._start, 1e-9)
        left = (self._n - self._done) / rate if rate else 0.0
        kept = f" ({self._kept} from an earlier run)" if self._kept else ""
        speed = f"{rate:.3g} frames/s" if self._mb is None else f"{rate * self._mb:.0f} MB/s"
        return f"{self._stage}: {self._done} of {self._n} frames{kept}, {speed}, {_told_time(left)} left"


def _told_time(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"

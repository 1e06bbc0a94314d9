"""Things that are dear to make and large to keep: kept as long as there is room, made anew where there was not."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

Key = tuple[int, Hashable]
"""A frame, and what of it."""


class Shelf:
    """Holds things of at most so many bytes together; what was not used for longest makes room first."""

    def __init__(self, n_bytes: float) -> None:
        self._room = n_bytes
        self._held: OrderedDict[Key, tuple[Any, int]] = OrderedDict()
        self._taken = 0

    @property
    def n_bytes(self) -> int:
        """Bytes of all that is held."""
        return self._taken

    def get(self, key: Key, make: Callable[[], Any], bytes_of: Callable[[Any], int]) -> Any:
        """What lies under a key, made if it is not there; the newest thing is held even if it is too large alone."""
        if key not in self._held:
            thing = make()
            self._held[key] = (thing, bytes_of(thing))
            self._taken += self._held[key][1]
        self._held.move_to_end(key)
        while self._taken > self._room and len(self._held) > 1:
            self._taken -= self._held.popitem(last=False)[1][1]
        return self._held[key][0]

    def holds(self, key: Key) -> bool:
        """Whether something lies under a key."""
        return key in self._held

    def forget_before(self, frame: int) -> None:
        """Let go of all that is of earlier frames."""
        for key in [key for key in self._held if key[0] < frame]:
            self._taken -= self._held.pop(key)[1]

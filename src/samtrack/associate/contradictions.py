"""Whether pins agree with each other; if not, which two do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from samtrack.errors import DataError
from samtrack.types import Cell, Pin


def require_consistent(pins: Sequence[Pin]) -> None:
    """Raise if two pins cannot both be kept; names both."""
    holder: dict[tuple[str, Cell], tuple[tuple[Cell, ...], Pin]] = {}
    for pin in pins:
        for side, cell, meaning in _settled(pin):
            known, before = holder.setdefault((side, cell), (meaning, pin))
            if known != meaning:
                what = "is" if side == "kind" else f"has as its {side}"
                raise DataError(
                    f"corrections contradict each other on the cell with label {cell[1]} in frame {cell[0]}: by "
                    f"{before.told} it {what} {_in_words(known)}, by {pin.told} {_in_words(meaning)}. Remove one of the two "
                    "rows."
                )
    pinned = {(pin.cell, other): pin for pin in pins if pin.action in ("link", "divide") for other in pin.others}
    for pin in (p for p in pins if p.action == "unlink"):
        for other in pin.others:
            if (pin.cell, other) in pinned:
                raise DataError(
                    f"corrections contradict each other: {pinned[pin.cell, other].told} says that label {pin.cell[1]} of "
                    f"frame {pin.cell[0]} goes on as label {other[1]} of frame {other[0]}, {pin.told} says that it does "
                    "not. Remove one of the two rows."
                )


def _settled(pin: Pin) -> Iterator[tuple[str, Cell, tuple[Cell, ...]]]:
    """What a pin settles: (future, past or kind; of which cell; as what)."""
    if pin.action in ("link", "divide"):
        yield "future", pin.cell, tuple(sorted(pin.others))
        yield "kind", pin.cell, _A_CELL
        for other in pin.others:
            yield "past", other, (pin.cell,)
            yield "kind", other, _A_CELL
    elif pin.action == "delete":
        yield "kind", pin.cell, _NO_CELL


_A_CELL: tuple[Cell, ...] = ((1, 0),)
_NO_CELL: tuple[Cell, ...] = ((0, 0),)


def _in_words(meaning: tuple[Cell, ...]) -> str:
    if meaning in (_A_CELL, _NO_CELL):
        return "a cell" if meaning == _A_CELL else "no cell"
    return " and ".join(f"label {label} of frame {frame}" for frame, label in meaning)

"""What a person says in a viewer: cells that were picked, and an action on them, as a row of a file of edits."""

from __future__ import annotations

from collections.abc import Sequence

from samtrack.errors import DataError

Picked = tuple[int, int]
"""Frame and track of a cell."""

Row = tuple[str, str, str, str, str, str]

ACTIONS = {
    "link": "2 cells of different frames: they are one cell",
    "unlink": "2 cells of one track, or mother and daughter: they are not",
    "divide": "the mother, then one daughter or both",
    "delete": "1 cell or more: they are no cells here",
    "relabel": "a cell, then one of the track that it belongs to from there on",
}
"""What is to be picked for each action."""


def rows_for(action: str, picked: Sequence[Picked], note: str = "") -> list[Row]:
    """The rows of an edit; raises if too few or too many cells are picked for it."""
    cells = list(dict.fromkeys(picked))
    match action:
        case "link" | "unlink":
            _require(action, cells, 2, 2)
            (frame, track), (other_frame, other) = sorted(cells)
            if frame == other_frame:
                raise DataError(
                    f"{action}: both cells are of frame {frame}, expected two frames. Pick {ACTIONS[action]}."
                )
            return [(action, str(frame), str(track), str(other_frame), str(other), note)]
        case "divide":
            _require(action, cells, 2, 3)
            mother, *daughters = sorted(cells)
            if daughters[0][0] == mother[0]:
                raise DataError(
                    f"divide: mother and daughter are of frame {mother[0]}, expected a later one for the daughter."
                )
            frames, tracks = (";".join(str(one[i]) for one in daughters) for i in (0, 1))
            return [(action, str(mother[0]), str(mother[1]), frames, tracks, note)]
        case "delete":
            _require(action, cells, 1, None)
            return [(action, str(frame), str(track), "", "", note) for frame, track in cells]
        case "relabel":
            _require(action, cells, 2, 2)
            (frame, track), (_, other) = cells
            if track == other:
                raise DataError(f"relabel: both cells are of track {track}, expected two tracks.")
            return [(action, str(frame), str(track), "", str(other), note)]
    raise DataError(f"action is {action!r}, expected one of {', '.join(ACTIONS)}.")


def _require(action: str, cells: Sequence[Picked], least: int, most: int | None) -> None:
    if len(cells) < least or (most is not None and len(cells) > most):
        raise DataError(f"{action}: {len(cells)} cells are picked. Pick {ACTIONS[action]}.")

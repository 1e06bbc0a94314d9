"""From edits, which speak of a result's tracks, to pins, which speak of detections.

An edit says more than it names: that a cell goes on as another one also says that its track as it was did not, from there
on. The two pieces of a track that an edit cuts are kept apart over as many frames as a link can skip; otherwise the next
decision could leave out one mask and join them again. Such consequences give way to what another edit says outright.

A mask that was drawn, or is a part of a shared one, has no detection. An edit that names one holds for the detections
around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

from samtrack.associate.seen import Seen
from samtrack.errors import DataError
from samtrack.types import Cell, Edit, Pin, PinAction


@dataclass(slots=True)
class _Made:
    """The pins made so far, and where tracks were cut: two cells that follow each other, with track, and by which edit."""

    pins: list[Pin] = field(default_factory=list)
    cuts: dict[tuple[Cell, Cell], tuple[int, int, int]] = field(default_factory=dict)

    def add(self, action: PinAction, cells: Sequence[Cell], number: int, edit: Edit) -> None:
        """One pin more."""
        self.pins.append(Pin(action, cells[0], tuple(cells[1:]), number, edit.text, edit.where))


def pins_of(edits: Sequence[Edit], seen: Seen, reach: int, first: int = 1) -> list[Pin]:
    """The pins of edits, numbered from ``first``; ``reach``: frames from a cell to the farthest it may go on as."""
    made = _Made()
    for number, edit in enumerate(edits, first):
        _require_track(edit, edit.track, seen)
        match edit.action:
            case "link":
                _link(made, number, edit, seen)
            case "unlink":
                _unlink(made, number, edit, seen)
            case "divide":
                _divide(made, number, edit, _daughters(edits, edit, seen), seen)
            case "delete":
                _delete(made, number, edit, seen)
            case "relabel":
                _relabel(made, number, edit, seen)
    for pin in made.pins:
        _require_reach(pin, reach)
    return made.pins + _kept_apart(made, edits, seen, (reach, first))


def _link(made: _Made, number: int, edit: Edit, seen: Seen) -> None:
    frame, other_frame, other = *_frames(edit), _one_other(edit, seen)
    a, b = seen.last_until(edit.track, frame), seen.first_from(other, other_frame)
    _require_present(edit, edit.track, frame, a, seen)
    _require_present(edit, other, other_frame, b, seen)
    if a and b:
        _join(made, number, edit, (a, edit.track), (b, other), seen)


def _relabel(made: _Made, number: int, edit: Edit, seen: Seen) -> None:
    frame = _frame(edit)
    here = seen.first_from(edit.track, frame)
    if here is None:
        raise DataError(
            f"{edit.where}: track {edit.track} has no cell in or after frame {frame}; {seen.told(edit.track)}."
        )
    if not edit.other_tracks:
        before = seen.past_of(edit.track, here)
        if before is None:
            raise DataError(f"{edit.where}: track {edit.track} has no past before frame {frame} that could be cut off.")
        _cut(made, number, edit, (before[0], here), (before[1], edit.track))
        made.add("unlink", (before[0], here), number, edit)
        return
    other = _one_other(edit, seen)
    last = seen.last_until(other, here[0] - 1)
    if last is None:
        raise DataError(
            f"{edit.where}: track {other} has no cell before frame {here[0]} that could go on as track {edit.track}; "
            f"{seen.told(other)}."
        )
    _join(made, number, edit, (last, other), (here, edit.track), seen)


def _join(made: _Made, number: int, edit: Edit, before: tuple[Cell, int], after: tuple[Cell, int], seen: Seen) -> None:
    """Pin that one cell is the other's past; each is given with its track."""
    (a, track), (b, other) = before, after
    if a[0] >= b[0]:
        raise DataError(
            f"{edit.where}: goes from frame {a[0]} (track {track}) to frame {b[0]} (track {other}), expected a later one. "
            "Name the earlier cell first; two masks of one frame are two cells."
        )
    made.add("link", (a, b), number, edit)
    for cell, its in seen.futures_of(track, a):
        if cell != b:
            _cut(made, number, edit, (a, cell), (track, its))
    past = seen.past_of(other, b)
    if past is not None and past[0] != a:
        _cut(made, number, edit, (past[0], b), (past[1], other))


def _unlink(made: _Made, number: int, edit: Edit, seen: Seen) -> None:
    frame = _frame(edit)
    a = seen.last_until(edit.track, frame)
    _require_present(edit, edit.track, frame, a, seen)
    if a is None:
        return
    others = edit.other_tracks or (edit.track,)
    if not edit.other_frames:
        known = seen.futures_of(edit.track, a)
        wanted = [(cell, track) for cell, track in known if not edit.other_tracks or track in others]
    else:
        wanted = []
        for track, at in zip(others, edit.other_frames, strict=True):
            _require_track(edit, track, seen)
            b = seen.first_from(track, at)
            _require_present(edit, track, at, b, seen)
            wanted += [(b, track)] if b else []
    if not wanted:
        raise DataError(
            f"{edit.where}: track {edit.track} does not go on after frame {frame} "
            f"{f'as track {others[0]}' if edit.other_tracks else ''}; nothing is linked there."
        )
    for b, track in wanted:
        past = seen.past_of(track, b)
        if track == edit.track and past is not None and past[0] != a:
            raise DataError(
                f"{edit.where}: between frames {a[0]} and {b[0]} track {track} has other cells, so it is not clear where "
                "it is to be cut. Name two cells that follow each other."
            )
        if a[0] >= b[0]:
            raise DataError(f"{edit.where}: goes from frame {a[0]} to frame {b[0]}, expected a later one.")
        made.add("unlink", (a, b), number, edit)
        _cut(made, number, edit, (a, b), (edit.track, track))


def _daughters(edits: Sequence[Edit], edit: Edit, seen: Seen) -> list[tuple[Cell, int]]:
    """The daughters that all rows name for this mother; if they name one, the other is the mother's own future."""
    frame = _frame(edit)
    named: list[tuple[Cell, int]] = []
    for row in (e for e in edits if (e.action, e.frame, e.track) == ("divide", edit.frame, edit.track)):
        if not row.other_tracks or not row.other_frames:
            raise DataError(f"{row.where}: divide names no daughter; give other_frame and other_track.")
        for track, at in zip(row.other_tracks, row.other_frames, strict=True):
            _require_track(row, track, seen)
            cell = seen.first_from(track, at)
            _require_present(row, track, at, cell, seen)
            if cell and (cell, track) not in named:
                named.append((cell, track))
    if len(named) == 1:
        mother = seen.last_until(edit.track, frame)
        own = [] if mother is None else [one for one in seen.futures_of(edit.track, mother) if one not in named]
        if len(own) != 1:
            raise DataError(
                f"{edit.where}: divide names one daughter, and track {edit.track} itself "
                f"{'has two' if own else 'does not go on'} after frame {frame}. Name both: other_track 4;7."
            )
        named += own
    if len(named) != 2:
        raise DataError(f"{edit.where}: divide names {len(named)} daughters of one cell, expected two.")
    return sorted(named)


def _divide(made: _Made, number: int, edit: Edit, daughters: list[tuple[Cell, int]], seen: Seen) -> None:
    frame = _frame(edit)
    mother = seen.last_until(edit.track, frame)
    _require_present(edit, edit.track, frame, mother, seen)
    if mother is None:
        return
    for cell, track in daughters:
        if mother[0] >= cell[0]:
            raise DataError(
                f"{edit.where}: the mother is seen in frame {mother[0]} and the daughter of track {track} in frame "
                f"{cell[0]}, expected a later one."
            )
        past = seen.past_of(track, cell)
        if past is not None and past[0] != mother:
            _cut(made, number, edit, (past[0], cell), (past[1], track))
    cells = [cell for cell, _ in daughters]
    for future, track in seen.futures_of(edit.track, mother):
        if future not in cells:
            _cut(made, number, edit, (mother, future), (edit.track, track))
    made.add("divide", (mother, *cells), number, edit)


def _delete(made: _Made, number: int, edit: Edit, seen: Seen) -> None:
    if edit.frame is None:
        for cell in seen.cells_of(edit.track):
            made.add("delete", (cell,), number, edit)
        return
    there = seen.last_until(edit.track, edit.frame)
    _require_present(edit, edit.track, edit.frame, there, seen)
    if there is None or there[0] != edit.frame:
        after = seen.first_from(edit.track, edit.frame)
        raise DataError(
            f"{edit.where}: the mask of track {edit.track} in frame {edit.frame} was drawn, or is a part of a mask of two "
            f"cells, since the track was seen in frames {there[0] if there else '?'} and {after[0] if after else '?'}. "
            "There is nothing to leave out: unlink these two instead."
        )
    made.add("delete", (there,), number, edit)


def _cut(made: _Made, number: int, edit: Edit, cells: tuple[Cell, Cell], tracks: tuple[int, int]) -> None:
    """Note that two cells that followed each other are not one."""
    made.cuts.setdefault(cells, (*tracks, number))


def _kept_apart(made: _Made, edits: Sequence[Edit], seen: Seen, limits: tuple[int, int]) -> list[Pin]:
    """The pieces on both sides of each cut, as far as a link reaches, but for what is pinned otherwise."""
    reach, first = limits
    true = {pair for pin in made.pins if pin.action in ("link", "divide") for pair in product([pin.cell], pin.others)}
    known = {(pin.cell, pin.others[0]) for pin in made.pins if pin.action == "unlink"}
    found: list[Pin] = []
    for (u, v), (track, other, number) in made.cuts.items():
        tail, head = _piece(seen.until(track, u)[::-1], made, reach), _piece(seen.since(other, v), made, reach)
        for a, b in product(tail, head):
            if 0 < b[0] - a[0] <= reach and (a, b) not in true | known:
                edit = edits[number - first]
                found.append(Pin("apart", a, (b,), number, edit.text, edit.where))
                known.add((a, b))
    return found


def _piece(cells: Sequence[Cell], made: _Made, reach: int) -> list[Cell]:
    """The first cells of a run, up to the next cut and within reach."""
    piece = list(cells[:1])
    for before, cell in pairwise(cells):
        pair = (before, cell) if before[0] < cell[0] else (cell, before)
        if pair in made.cuts or abs(cell[0] - cells[0][0]) >= reach:
            break
        piece.append(cell)
    return piece


def _require_reach(pin: Pin, reach: int) -> None:
    for other in pin.others:
        if pin.action in ("link", "divide") and other[0] - pin.cell[0] > reach:
            raise DataError(
                f"{pin.where}: joins frames {pin.cell[0]} and {other[0]}, {other[0] - pin.cell[0]} apart, expected "
                f"at most {reach} (link.max_gap_frames + link.long_gap_frames + 1): masks are not drawn over longer gaps. "
                "Raise link.long_gap_frames and run again first."
            )


def _require_track(edit: Edit, track: int, seen: Seen) -> None:
    if not seen.cells_of(track):
        raise DataError(f"{edit.where}: there is no track {track} in the result, which holds {seen.n_tracks} tracks.")


def _require_present(edit: Edit, track: int, frame: int, cell: Cell | None, seen: Seen) -> None:
    if cell is None or not seen.is_present(track, frame):
        raise DataError(f"{edit.where}: track {track} has no cell in frame {frame}; {seen.told(track)}.")


def _frame(edit: Edit) -> int:
    if edit.frame is None:
        raise DataError(f"{edit.where}: {edit.action} needs a frame, found none.")
    return edit.frame


def _frames(edit: Edit) -> tuple[int, int]:
    if len(edit.other_frames) != 1:
        raise DataError(f"{edit.where}: {edit.action} needs one other_frame, found {len(edit.other_frames)}.")
    return _frame(edit), edit.other_frames[0]


def _one_other(edit: Edit, seen: Seen) -> int:
    if len(edit.other_tracks) != 1:
        raise DataError(f"{edit.where}: {edit.action} needs one other_track, found {len(edit.other_tracks)}.")
    _require_track(edit, edit.other_tracks[0], seen)
    return edit.other_tracks[0]

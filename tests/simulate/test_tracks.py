import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samtrack.simulate.tracks import tracks_of_sightings

N_FRAMES = 7


@st.composite
def sightings(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """For each cell its mother (an earlier cell or -1) and the frames in which it is seen, after its mother's life."""
    n = draw(st.integers(1, 6))
    mother, seen, last = [], np.zeros((n, N_FRAMES), dtype=bool), []
    for cell in range(n):
        free = [c for c in range(cell) if mother.count(c) < 2 and last[c] < N_FRAMES - 1]
        mother.append(draw(st.sampled_from([-1, *free])))
        birth = last[mother[-1]] + 1 if mother[-1] >= 0 else 0
        last.append(draw(st.integers(birth, N_FRAMES - 1)))
        for frame in range(birth, last[-1] + 1):
            seen[cell, frame] = draw(st.booleans())
    return np.array(mother), seen


def slow_parents(mother: np.ndarray, seen: np.ndarray, reappear: int) -> dict[tuple[int, int], tuple[int, int] | None]:
    """For each run (cell, first frame) the run that it continues, by looking back frame by frame."""
    runs = {(c, f) for c, f in zip(*np.nonzero(seen), strict=True) if f == 0 or not seen[c, f - 1]}

    def first_of(cell: int, frame: int) -> int:
        while frame and seen[cell, frame - 1]:
            frame -= 1
        return frame

    found: dict[tuple[int, int], tuple[int, int] | None] = {}
    for cell, first in runs:
        source = cell if seen[cell, :first].any() else mother[cell]
        past = np.flatnonzero(seen[source, :first]) if source >= 0 else []
        near = len(past) and first - past[-1] - 1 <= reappear
        found[int(cell), int(first)] = (int(source), first_of(source, int(past[-1]))) if near else None
    return found


@given(sightings(), st.integers(0, 4))
def test_tracks_are_the_runs_of_sightings_linked_to_their_past(
    case: tuple[np.ndarray, np.ndarray], reappear: int
) -> None:
    mother, seen = case
    frame, cell = (v[np.lexsort(np.nonzero(seen))] for v in np.nonzero(seen)[::-1])
    tracks, track_of = tracks_of_sightings(frame, cell, mother, reappear)
    expected = slow_parents(mother, seen, reappear)
    assert tracks[:, 0].tolist() == list(range(1, len(expected) + 1))
    run_of = {int(t): (int(cell[track_of == t][0]), int(frame[track_of == t].min())) for t in tracks[:, 0]}
    for track, first, last, parent in tracks.tolist():
        assert frame[track_of == track].tolist() == list(range(first, last + 1))
        assert (run_of[parent] if parent else None) == expected[run_of[track]]
    assert np.bincount(tracks[:, 3])[1:].max(initial=0) <= 2


def test_nothing_seen_gives_no_track() -> None:
    none = np.zeros(0, dtype=np.int64)
    tracks, track_of = tracks_of_sightings(none, none, np.array([-1, -1]), 3)
    assert tracks.shape == (0, 4)
    assert len(track_of) == 0

"""What of a result's table can be asked."""

import numpy as np

from samtrack.associate.seen import Seen


def test_pasts_and_futures_cross_gaps_and_divisions():
    rows = [(1, 0, 5, 0), (1, 1, 0, 0), (1, 2, 6, 0), (2, 3, 7, 1), (3, 4, 8, 1)]
    seen = Seen(*np.array(rows).T)
    assert seen.n_tracks == 3
    assert seen.futures_of(1, (0, 5)) == [((2, 6), 1)]
    assert seen.futures_of(1, (2, 6)) == [((3, 7), 2), ((4, 8), 3)]
    assert seen.past_of(3, (4, 8)) == ((2, 6), 1)
    assert seen.past_of(1, (2, 6)) == ((0, 5), 1)
    assert seen.past_of(1, (0, 5)) is None
    assert seen.is_present(1, 1)
    assert not seen.is_present(1, 3)
    assert seen.last_until(1, 1) == (0, 5)
    assert seen.first_from(1, 1) == (2, 6)
    assert seen.first_from(1, 3) is None
    assert seen.last_until(2, 2) is None
    assert seen.told(1) == "it is seen from frame 0 to 2"
    assert seen.told(9) == "it is not in the result"

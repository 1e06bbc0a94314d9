"""What a page is made from."""

from dataclasses import replace

import numpy as np
import pytest

from samtrack.report.data import Reasons, no_reasons


def test_columns_of_other_lengths_are_refused(small) -> None:
    with pytest.raises(ValueError, match="link_chosen has 2 rows, expected 15"):
        replace(small(), link_chosen=np.ones(2, dtype=bool))


def test_reasons_of_some_proposals_are_found_by_their_numbers() -> None:
    texts = np.array(["a +1", "b +2"], dtype=object)
    told = Reasons(np.array([7, 8]), np.array([0.1, 0.2]), texts, texts, of=np.array([3, 5]))
    some = told.at(np.array([5, 4, 3, 9]))
    assert some.runner_up.tolist() == [8, -1, 7, -1]
    assert some.spoke_for.tolist() == ["b +2", "", "a +1", ""]
    assert np.isnan(some.runner_up_score[[1, 3]]).all()


def test_reasons_of_all_are_found_by_their_rows() -> None:
    assert no_reasons(4).at(np.array([2])).runner_up.tolist() == [-1]


def test_pairs_may_be_lists_or_columns(small) -> None:
    assert small().filled_pairs.tolist() == [[3, 2]]
    assert small(filled=np.array([[3, 2]])).filled_pairs.tolist() == [[3, 2]]
    assert small(filled=[]).filled_pairs.shape == (0, 2)

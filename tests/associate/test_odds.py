"""What was proposed is found, what was not counts 0."""

import numpy as np
import pytest

from samtrack.associate.odds import LinkOdds, division_odds


def test_the_best_link_between_two_detections(make):
    links = make.links([(0, 2, 0.5), (0, 2, 0.75), (1, 2, 0.2), (3, 4, 0.9)])
    odds = LinkOdds.of(links, 5, np.array([0, 1]))
    found = odds.between(np.array([0, 1, 0, 3]), np.array([2, 2, 1, 4]))
    assert found.tolist() == pytest.approx([3.0, 0.25, 0.0, 0.0])


def test_no_links(make):
    assert LinkOdds.of(make.links([]), 5, np.array([1])).between(np.array([1]), np.array([2])).tolist() == [0.0]


def test_divisions_are_found_whatever_the_order_of_the_daughters(make):
    divisions = make.divisions([(0, 2, 1, 0.75), (0, 1, 3, 0.5), (4, 1, 2, 0.9)])
    mothers, daughters = np.array([0, 0, 0, 1]), (np.array([1, 3, 2, 2]), np.array([2, 1, 3, 3]))
    assert division_odds(divisions, mothers, daughters).tolist() == pytest.approx([3.0, 1.0, 0.0, 0.0])


def test_no_divisions(make):
    nobody = np.zeros(0, dtype=np.int64)
    assert division_odds(make.divisions([]), np.array([1]), (np.array([2]), np.array([3]))).tolist() == [0.0]
    assert len(division_odds(make.divisions([(0, 1, 2, 0.5)]), nobody, (nobody, nobody))) == 0

"""Each term of the objective: its sign, its factor, where it applies."""

import math
from itertools import product

import numpy as np
import pytest

from samtrack.associate.costs import (
    SUREST,
    MergeRivals,
    division_gain,
    event_costs,
    link_gain,
    log_odds,
    merge_gain,
    typical_radius_um,
)
from samtrack.config.associate import AssociateSettings


def test_log_odds_are_natural_and_odd_about_a_half():
    assert log_odds(np.array([0.5]))[0] == 0
    assert log_odds(np.array([0.9]))[0] == pytest.approx(math.log(9))
    assert log_odds(np.array([0.1]))[0] == pytest.approx(-math.log(9))


def test_log_odds_of_a_sure_link_are_finite_and_capped():
    sure, never = log_odds(np.array([1.0, 0.0]))
    assert sure == pytest.approx(math.log((1 - SUREST) / SUREST))
    assert never == pytest.approx(-sure)


def test_a_link_gains_what_it_saves_and_pays_for_each_frame_skipped():
    gain = link_gain(np.array([0.5, 0.5]), np.array([1.75, 1.75]), np.array([0, 2]), 0.5)
    assert gain.tolist() == [1.75, 0.75]


def test_a_division_stands_against_all_alternatives_together():
    settings = AssociateSettings(cost_divide=0.25, cost_gap_per_frame=0.5)
    gain = division_gain(np.array([0.8]), np.array([3.0 + 1.0]), np.array([2.0]), np.array([1]), settings)
    # q/(1-q) = 4 against ending (1), going on as one (3), as the other (1)
    assert gain[0] == pytest.approx(math.log(4 * 5) + 2.0 - 0.5 - 0.25)


def test_a_division_is_as_likely_as_its_probability_says():
    """exp(gain) of the alternatives, normalised, gives back q: the definition of the gain."""
    q, p_a, p_b = 0.3, 0.7, 0.4
    odds = [p_a / (1 - p_a), p_b / (1 - p_b)]
    gain = division_gain(np.array([q]), np.array([sum(odds)]), np.zeros(1), np.zeros(1, int), AssociateSettings())
    weights = [1, *odds, math.exp(gain[0])]
    assert weights[-1] / sum(weights) == pytest.approx(q)


def some_rivals(rng):
    odds = rng.uniform(0.1, 3, 9)
    pairs = [(odds[i : i + 1], odds[i + 1 : i + 2]) for i in (0, 2, 4, 6)]
    return odds, MergeRivals(into=pairs[0], onward=pairs[1], across=(pairs[2], pairs[3]), division=odds[8:])


@pytest.mark.parametrize("seed", range(5))
def test_what_could_be_instead_of_a_merge_is_every_matching(seed):
    """By trying all futures of a, b and m: 'm', 'c', 'd', both daughters, or none, no past taken twice."""
    odds, rivals = some_rivals(np.random.default_rng(seed))
    am, bm, mc, md, ac, ad, bc, bd, split = odds
    futures = (
        {"": 1, "m": am, "c": ac, "d": ad},
        {"": 1, "m": bm, "c": bc, "d": bd},
        {"": 1, "c": mc, "d": md, "cd": split},
    )
    total = 0.0
    for (a, of_a), (b, of_b), (m, of_m) in product(*(f.items() for f in futures)):
        taken = a + b + m
        total += of_a * of_b * of_m if len(set(taken)) == len(taken) else 0.0
    assert rivals.weight()[0] == pytest.approx(total)


def test_a_merge_is_as_likely_as_its_probability_says():
    _, rivals = some_rivals(np.random.default_rng(0))
    settings = AssociateSettings(cost_share=0.5)
    weight = math.exp(merge_gain(np.array([0.3]), rivals, np.array([0.5]), settings)[0])
    assert weight / (weight + rivals.weight()[0]) == pytest.approx(0.3)


def test_events_cost_less_near_the_border_and_nothing_at_the_ends_of_the_movie(make):
    radius = math.sqrt(50 / math.pi)
    detections = make.detections([0, 1, 1, 2], border=[99, radius * 0.99, radius * 1.01, 99], size=50)
    settings = AssociateSettings(cost_appear=2, cost_disappear=3, border_discount=0.25, cost_keep_lone=8)
    costs = event_costs(detections, settings)
    assert costs.appear.tolist() == [0, 0.5, 2, 2]
    assert costs.disappear.tolist() == [3, 0.75, 3, 0]
    assert costs.keep_lone.tolist() == [4, 0, 8, 4], "at the border a lone detection is most often a cell"


def test_typical_radius_is_of_a_disc_in_2d_and_a_ball_in_3d(make):
    flat = make.detections([0, 0, 0], size=math.pi * 4)
    deep = make.detections([0], [[1.0, 1, 1]], size=4 / 3 * math.pi * 27)
    assert typical_radius_um(flat) == pytest.approx(2)
    assert typical_radius_um(deep) == pytest.approx(3)


def test_no_detections_no_costs(make):
    assert len(event_costs(make.detections([]), AssociateSettings()).appear) == 0

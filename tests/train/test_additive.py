"""Planted truths are found again, directions hold, and a prior holds as much as it is told to."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from samtrack.link.calibrate import AdditiveModel, Curve, probability
from samtrack.train.additive import CurveRules, Prior, fact_knots, fit_additive, solve_signed

RULES = CurveRules(("near", "bent", "noise"), {"near": -1}, 12)


def planted(n, seed=0, tilt=1.0):
    """Facts and truth of known curves: falling, bent with a valley, and none; "near" is unknown in a tenth."""
    rng = np.random.default_rng(seed)
    facts = rng.uniform([0, -2, -1], [4, 2, 1], (n, 3))
    odds = tilt * (2.0 - 1.5 * facts[:, 0]) + facts[:, 1] ** 2
    unknown = rng.random(n) < 0.1
    odds[unknown] = -1.0 + facts[unknown, 1] ** 2
    facts[unknown, 0] = np.nan
    return facts.astype(np.float32), rng.random(n) < probability(odds)


def loss(model, facts, is_true):
    p = probability(model.log_odds(facts, RULES.facts))
    return -np.mean(np.where(is_true, np.log(p), np.log(1 - p)))


def test_planted_curves_are_found():
    model = fit_additive(*planted(20_000), RULES)
    near, bent, noise = model.curves
    at = np.linspace(0.3, 3.7, 8)
    np.testing.assert_allclose(np.diff(near.at(at)), -1.5 * np.diff(at), atol=0.25)
    assert bent.at(np.array([-1.8, 1.8])) - bent.at(np.array([0.0])) == pytest.approx(1.8**2, abs=0.4)
    assert np.ptp(noise.values) < 0.4
    unknown, known = np.array([[np.nan, 0, 0]], dtype=np.float32), np.array([[2, 0, 0]], dtype=np.float32)
    assert model.log_odds(unknown, RULES.facts) - model.log_odds(known, RULES.facts) == pytest.approx(0.0, abs=0.3)


def test_a_direction_holds_against_the_data():
    facts, is_true = planted(3000, tilt=-1.0)  # nearer is worse, says this data
    near = fit_additive(facts, is_true, RULES).curves[0]
    assert np.all(np.diff(near.values) <= 1e-9)
    assert np.ptp(near.values) < 0.05


def test_the_mean_over_the_examples_is_kept():
    facts, is_true = planted(3000)
    for i, curve in enumerate(fit_additive(facts, is_true, RULES).curves):
        assert np.mean(curve.at(facts[:, i].astype(float))) == pytest.approx(curve.mean, abs=2e-3)


def test_a_strong_prior_holds_and_a_weak_one_yields():
    prior = fit_additive(*planted(5000, seed=1), RULES)
    facts, is_true = planted(4000, seed=2, tilt=0.3)
    held, _, learned = (fit_additive(facts, is_true, RULES, Prior(prior, s)) for s in (1e9, 10.0, 1.0))
    for before, after in zip(prior.curves, held.curves, strict=True):
        np.testing.assert_allclose(np.diff(after.values), np.diff(before.values), atol=2e-3)
        assert after.knots == before.knots
    assert loss(learned, facts, is_true) < loss(held, facts, is_true) - 0.01
    few = fit_additive(facts[:0], is_true[:0], RULES, Prior(prior, 1.0))
    np.testing.assert_allclose(few.log_odds(facts, RULES.facts), prior.log_odds(facts, RULES.facts), atol=1e-3)


def test_a_fact_that_the_prior_does_not_know_is_learned():
    facts, is_true = planted(5000)
    blind = AdditiveModel(0.0, (Curve("bent", (-2.0, 2.0), (0.0, 0.0), 0.0),))
    model = fit_additive(facts, is_true, RULES, Prior(blind, 1.0))
    assert [c.name for c in model.curves] == list(RULES.facts)
    assert np.ptp(model.curves[0].values) > 3


@pytest.mark.parametrize("seed", range(5))
def test_the_bounded_solve_is_the_one_of_scipy(seed):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(40, 25))
    matrix, vector = root.T @ root + 0.01 * np.eye(25), rng.normal(size=25)
    sign = rng.integers(-1, 2, 25).astype(float)
    factor = np.linalg.cholesky(matrix).T
    low, high = np.where(sign > 0, -1e-14, -np.inf), np.where(sign < 0, 1e-14, np.inf)
    expected = lsq_linear(factor, np.linalg.solve(factor.T, vector), (low, high), method="bvls", tol=1e-14).x
    np.testing.assert_allclose(solve_signed(matrix, vector, sign), expected, atol=1e-6)


def test_knots_of_what_never_varies():
    assert fact_knots(np.ones(5), np.ones(5, dtype=bool), 8).tolist() == [0.0, 1.0]

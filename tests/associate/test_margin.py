"""The margin is never more than what leaving a column out really costs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samtrack.associate import solve_tracks
from samtrack.associate.margin import least_losses
from samtrack.config.associate import AssociateSettings


@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(2, 6), st.booleans())
def test_leaving_a_column_out_costs_at_least_its_margin(make, seed, n, n_cells, whole_gains):
    columns = make.random_columns(seed, n, n_cells, whole_gains)
    best, margin = make.best_packing(columns), least_losses(columns)
    for i in range(len(columns)):
        without = make.best_packing(columns.take(np.arange(len(columns)) != i))
        assert best - without >= margin[i] - 1e-9
        assert 0 <= margin[i] <= columns.gain[i]


def test_chosen_proposals_have_a_margin_and_others_none(make):
    detections = make.detections([0, 0, 1, 1])
    links = make.links([(0, 2, 0.99), (0, 3, 0.2), (1, 3, 0.6), (1, 2, 0.2)])
    found = solve_tracks(detections, links, make.divisions(), make.merges(), AssociateSettings())
    assert found.link_chosen.tolist() == [True, False, True, False]
    assert np.isnan(found.link_margin).tolist() == [False, True, False, True]
    assert found.link_margin[0] > found.link_margin[2]

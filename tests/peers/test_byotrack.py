"""byotrack on situations, where it is installed."""

import pytest

from samtrack.peers import link_with
from samtrack.testing import crossing, division_at, empty_frame, missing_mask_at

pytest.importorskip("byotrack", exc_type=ImportError)
pytestmark = pytest.mark.filterwarnings("ignore")  # of its libraries


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("situation", [crossing, division_at, missing_mask_at])
def test_links_gaps_and_divisions_are_found(situation, ndim, material, true_edges, found_edges):
    movie = situation(ndim=ndim)
    given = material(movie)
    linked = link_with("byotrack", given)
    assert found_edges(linked) == true_edges(given, movie)
    assert linked.seconds > 0
    assert linked.settings


def test_a_frame_without_cells_is_no_error(material):
    link_with("byotrack", material(empty_frame()))

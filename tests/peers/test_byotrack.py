"""byotrack on situations, where it is installed."""

import pytest

from samtrack.peers import link_with
from samtrack.testing import crossing, empty_frame, missing_mask_at

pytest.importorskip("byotrack", exc_type=ImportError)
pytestmark = pytest.mark.filterwarnings("ignore")  # of its libraries


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("situation", [crossing, missing_mask_at])  # divisions: only where cells become more by two
def test_links_and_gaps_are_found(situation, ndim, material, true_edges, found_edges):
    movie = situation(ndim=ndim)
    given = material(movie)
    linked = link_with("byotrack", given)
    assert found_edges(linked) == true_edges(given, movie)
    assert linked.seconds > 0
    assert linked.settings


def test_a_frame_without_cells_is_no_error(material):
    link_with("byotrack", material(empty_frame()))

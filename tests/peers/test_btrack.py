"""btrack on situations, where it is installed and runs."""

import pytest

from samtrack.errors import SettingsError
from samtrack.peers import link_with
from samtrack.testing import crossing, two_cells_apart

pytest.importorskip("btrack", exc_type=ImportError)
pytestmark = pytest.mark.filterwarnings("ignore")  # of its libraries


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("situation", [two_cells_apart, crossing])
def test_links_are_found_or_it_says_why_it_cannot_run(situation, ndim, material, true_edges, found_edges):
    movie = situation(ndim=ndim)
    given = material(movie)
    try:
        linked = link_with("btrack", given)
    except SettingsError as error:
        assert "does not load here" in str(error)
        pytest.skip(str(error))
    assert found_edges(linked) == true_edges(given, movie)

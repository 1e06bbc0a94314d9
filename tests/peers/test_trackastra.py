"""trackastra: what is said where its weights are missing. (They come from elsewhere; linking itself is not tested.)"""

from pathlib import Path

import pytest

from samtrack.errors import WeightsError
from samtrack.peers import is_installed, link_with
from samtrack.peers.trackastra import require_model
from samtrack.testing import two_cells_apart


def test_weights_must_be_named():
    with pytest.raises(WeightsError, match=r"no weights were named.*--trackastra-model DIR"):
        require_model(None)


def test_a_folder_that_lacks_a_file_is_told(tmp_path: Path):
    (tmp_path / "model.pt").touch()
    with pytest.raises(WeightsError, match=r"lacks train_config\.yaml, config\.yaml"):
        require_model(tmp_path)
    (tmp_path / "train_config.yaml").touch()
    (tmp_path / "config.yaml").touch()
    assert require_model(tmp_path) == tmp_path


@pytest.mark.skipif(not is_installed("trackastra"), reason="trackastra is not installed")
def test_it_is_asked_for_before_anything_is_loaded(material):
    with pytest.raises(WeightsError, match="no weights"):
        link_with("trackastra", material(two_cells_apart()))

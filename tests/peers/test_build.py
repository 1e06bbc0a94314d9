"""Which peers there are, and what is said of one that is not there."""

import pytest

from samtrack.errors import SettingsError
from samtrack.peers import PEERS, is_installed, link_with
from samtrack.peers import build as room
from samtrack.testing import two_cells_apart


def test_an_unknown_peer_is_told_the_known(material):
    with pytest.raises(SettingsError, match=r"'lapptrack' is no linker .*: laptrack, btrack, byotrack, trackastra"):
        link_with("lapptrack", material(two_cells_apart()))


def test_a_peer_that_is_not_installed_is_told_how(material, monkeypatch):
    monkeypatch.setattr(room, "is_installed", lambda name: False)
    with pytest.raises(SettingsError, match=r"btrack is not installed.*\.\[peers\]"):
        link_with("btrack", material(two_cells_apart()))


def test_whether_a_package_is_there_is_found_without_importing_it():
    assert is_installed("numpy")
    assert not is_installed("a_package_of_that_name")
    assert len(PEERS) == 4

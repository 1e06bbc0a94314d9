"""Which peers there are, and which of them is installed."""

from __future__ import annotations

import importlib.metadata
import importlib.util

from samtrack.errors import SettingsError
from samtrack.peers.base import Linked, Material

PEERS = ("laptrack", "btrack", "byotrack", "trackastra")
"""Names of the peers, which are also the names of their packages."""


def is_installed(name: str) -> bool:
    """Whether a peer's package can be found; it is not imported."""
    return importlib.util.find_spec(name) is not None


def version_of(name: str) -> str:
    """The installed version of a peer."""
    return importlib.metadata.version(name)


def link_with(name: str, material: Material) -> Linked:
    """Let a peer link a movie."""
    if name not in PEERS:
        raise SettingsError(f"{name!r} is no linker that samtrack knows; others' are: {', '.join(PEERS)}.")
    if not is_installed(name):
        raise SettingsError(f"{name} is not installed. Install the peers: pip install -c constraints.txt -e '.[peers]'")
    match name:
        case "laptrack":
            from samtrack.peers.laptrack import link_with_laptrack as link
        case "btrack":
            from samtrack.peers.btrack import link_with_btrack as link
        case "byotrack":
            from samtrack.peers.byotrack import link_with_byotrack as link
        case _:
            from samtrack.peers.trackastra import link_with_trackastra as link
    return link(material)

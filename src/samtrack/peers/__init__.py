"""Linkers of others behind one door: the same detections, masks and images in, edges out. For comparison only.

One module per peer, which imports the peer's package; so a peer's module is imported only when it is asked for. Nothing of
the pipeline depends on this room. What a peer decides becomes tracks in ``associate``, as with our own linkers.
"""

from samtrack.peers.base import Linked, Material
from samtrack.peers.build import PEERS, is_installed, link_with, version_of

__all__ = ["PEERS", "Linked", "Material", "is_installed", "link_with", "version_of"]

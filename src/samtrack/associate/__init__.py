"""The only room that decides: detections and proposals in, tracks out.

The decision is a weighted set packing (``graph``), solved exactly (``ilp``) or greedily (``greedy``), with the gains of
``costs``; ``lineage`` turns the chosen links into tracks. For comparison two linkers decide without probabilities,
frame by frame (``overlap``, ``kalman``); ``edges`` makes tracks of what they, or anybody, linked. ``pins`` holds all of
them to what a person settled, which ``translate`` tells from edits of a result (``seen``). ``descent`` tells which tracks
come from given cells of the first frame. Knows no pixels and no files.
"""

from samtrack.associate.descent import FoundCells, ancestors_in, find_given
from samtrack.associate.edges import tracks_from_edges
from samtrack.associate.pins import Pins
from samtrack.associate.solve import Solution, solve_tracks

__all__ = ["FoundCells", "Pins", "Solution", "ancestors_in", "find_given", "solve_tracks", "tracks_from_edges"]

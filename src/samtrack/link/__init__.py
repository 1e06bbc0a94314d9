"""Which detections may be the same cell: proposals with probabilities, never decisions.

``measure_detections`` turns the masks of a frame into rows, ``summarise`` says what is typical of a movie, ``propose_links``
scores the links from each frame to the next ones, the pairs of cells that may be daughters and the masks that may hold two
(``propose_frames`` frame by frame, of which ``gather_tables`` makes tables),
``review_proposals`` scores links and divisions once more when a first decision is known. What a network says of the cells is
gathered by `propagate`, before, and handed to ``propose_links`` as a table.
"""

from samtrack.link.measure import measure_detections, measure_frame, summarise
from samtrack.link.propose import Seen, propose_frames, propose_links
from samtrack.link.review import review_proposals
from samtrack.link.rows import gather_tables
from samtrack.link.tracklets import FirstDecision

__all__ = [
    "FirstDecision",
    "Seen",
    "gather_tables",
    "measure_detections",
    "measure_frame",
    "propose_frames",
    "propose_links",
    "review_proposals",
    "summarise",
]

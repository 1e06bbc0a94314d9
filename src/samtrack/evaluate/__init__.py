"""Truth and result in, measures out: match the objects of each frame, join the frames, count, score.

Frames are matched one at a time (`match_frame`); only lists of labels and matches are kept of them.
"""

from samtrack.evaluate.ctc import Evaluation, score_movie
from samtrack.evaluate.match import FrameMatch, match_frame, match_parts

__all__ = ["Evaluation", "FrameMatch", "match_frame", "match_parts", "score_movie"]

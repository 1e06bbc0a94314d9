"""The report page: what came out of a run, for people, in one HTML file that needs nothing else.

Draws and tells; computes no result. Numbers come from the tables that other rooms made, pictures from the frames that
are handed in. The room opens no file but its own style sheet, script and skeleton.
"""

from samtrack.report.data import ReportData
from samtrack.report.movie import draw_frames, join_movie, plan_movie
from samtrack.report.page import draw_page

__all__ = ["ReportData", "draw_frames", "draw_page", "join_movie", "plan_movie"]

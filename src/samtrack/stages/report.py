"""Stage report: a result as one page for people."""

from __future__ import annotations

from pathlib import Path

from samtrack.io.atomic import written_file
from samtrack.report import ReportData, draw_page


def save_report(data: ReportData, out: Path) -> None:
    """Draw the page of one sequence and write it as UTF-8, whole or not at all."""
    page = draw_page(data)
    with written_file(out) as part:
        part.write_text(page, encoding="utf-8", newline="\n")

"""Findings as lines for people, or as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from samtrack.doctor.finding import Finding, Verdict

COLOURS = {Verdict.OK: "32", Verdict.NOTE: "33", Verdict.PROBLEM: "31"}
"""Green, yellow and red, as terminals number them."""

WIDTH = max(map(len, Verdict))


def line_of(finding: Finding, colour: bool = False) -> str:
    """A finding on one line."""
    mark = finding.verdict.value.ljust(WIDTH)
    if colour:
        mark = f"\x1b[{COLOURS[finding.verdict]}m{mark}\x1b[0m"
    said = " ".join(finding.found.split())
    line = f"{mark}  {finding.topic}: {finding.checked}: {said}"
    return f"{line}. To do: {finding.do}" if finding.do else line


def summary_of(findings: Sequence[Finding]) -> str:
    """How many of each."""
    n_notes, n_problems = (sum(f.verdict is verdict for f in findings) for verdict in (Verdict.NOTE, Verdict.PROBLEM))
    return f"{len(findings)} findings: {n_problems} problems, {n_notes} notes"


def json_of(findings: Sequence[Finding]) -> str:
    """All of them, as a list of objects."""
    return json.dumps([{**asdict(f), "verdict": f.verdict.value} for f in findings], indent=2, ensure_ascii=False)

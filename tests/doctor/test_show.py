import json

from samtrack.doctor.finding import Finding, Verdict
from samtrack.doctor.show import json_of, line_of, summary_of

FOUND = [
    Finding(Verdict.OK, "Python", "3.11", topic="python"),
    Finding(Verdict.PROBLEM, "out", "is\n full", "Free it.", "disk"),
]


def test_a_finding_is_one_line():
    assert line_of(FOUND[0]) == "ok       python: Python: 3.11"
    assert line_of(FOUND[1]) == "problem  disk: out: is full. To do: Free it."
    assert "\x1b[31mproblem" in line_of(FOUND[1], colour=True)


def test_json_and_summary():
    assert [f["verdict"] for f in json.loads(json_of(FOUND))] == ["ok", "problem"]
    assert json.loads(json_of(FOUND))[1]["do"] == "Free it."
    assert summary_of(FOUND) == "2 findings: 1 problems, 0 notes"

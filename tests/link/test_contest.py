import numpy as np

from samtrack.link.calibrate import SUREST
from samtrack.link.candidates import Candidates
from samtrack.link.contest import CONTEST_FACTS, contest_facts
from samtrack.link.division import DIVISION_FACTS, DivisionPairs

# two sources; the first may go to targets 0 and 1, the second to target 1 alone
CANDIDATES = Candidates(
    target=np.array([[0, 1], [1, 0]]),
    distance_um=np.array([[1.0, 2.0], [1.0, np.inf]]),
    is_real=np.array([[True, True], [True, False]]),
)
EVIDENCE = np.array([[3.0, 1.0], [2.0, -SUREST]])


def divisions(mothers, a, b):
    facts = np.zeros((len(mothers), len(DIVISION_FACTS)), dtype=np.float32)
    return DivisionPairs(np.array(mothers, dtype=int), np.array(a, dtype=int), np.array(b, dtype=int), facts)


def columns(splits, odds):
    facts = contest_facts(CANDIDATES, EVIDENCE, splits, np.array(odds, dtype=float), 2)
    return dict(zip(CONTEST_FACTS, facts.T.tolist(), strict=True))


def test_each_link_sees_its_best_rivals():
    found = columns(divisions([], [], []), [])
    assert found["evidence"] == [3.0, 1.0, 2.0]
    assert found["lead_of_target"] == [3.0 - 1.0, 1.0 - 3.0, 2.0 + SUREST]
    assert found["lead_of_source"] == [3.0 + SUREST, 1.0 - 2.0, 2.0 - 1.0]
    assert found["division"] == found["other_division"] == [-SUREST] * 3


def test_a_division_speaks_for_its_links_and_against_other_mothers():
    found = columns(divisions([0], [0], [1]), [5.0])
    assert found["division"] == [5.0, 5.0, -SUREST]
    assert found["other_division"] == [-SUREST, -SUREST, 5.0]

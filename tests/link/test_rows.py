"""The tables that are made of what was found frame by frame."""

import numpy as np

from samtrack.config.link import LinkSettings
from samtrack.link.rows import (
    DIVISION_COLUMNS,
    LINK_COLUMNS,
    MERGE_COLUMNS,
    DivisionRows,
    LinkRows,
    Proposed,
    blank_facts,
    gather_tables,
)
from samtrack.types import Merges


def links(*rows: tuple[int, int, float]) -> LinkRows:
    """Links of a frame, in any order."""
    source, target, score = (np.array(column) for column in zip(*rows, strict=True))
    facts = blank_facts(len(rows))
    facts[:, 0] = score
    return LinkRows(source, target, score, facts)


def divisions(*rows: tuple[int, int, int, float]) -> DivisionRows:
    """Divisions of a frame."""
    columns = [np.array([row[i] for row in rows]) for i in range(4)] if rows else [np.zeros(0, int)] * 4
    return DivisionRows(*columns, np.zeros((len(rows), len(DIVISION_COLUMNS)), np.float32))


def test_tables_are_sorted_by_cells_and_hold_what_is_likely():
    none = Merges.none(MERGE_COLUMNS)
    found = [
        Proposed([links((3, 7, 0.9), (1, 5, 0.8), (1, 4, 0.001)), links((0, 9, 0.7))], divisions((3, 7, 8, 0.5)), none),
        Proposed([links((6, 9, 0.6))], divisions((5, 11, 12, 0.9), (4, 10, 11, 0.0001)), none),
    ]
    made, split, merges = gather_tables(found, LinkSettings(min_probability=0.01))
    assert list(zip(made.source.tolist(), made.target.tolist(), strict=True)) == [(0, 9), (1, 5), (3, 7), (6, 9)]
    assert made.features[:, 0].tolist() == made.score.astype(np.float32).tolist(), "facts go with their links"
    assert made.feature_names == LINK_COLUMNS
    assert split.mother.tolist() == [3, 5]
    assert len(merges) == 0


def test_no_frames_give_empty_tables():
    made, split, merges = gather_tables([], LinkSettings())
    assert (len(made), len(split), len(merges)) == (0, 0, 0)
    assert made.features.shape == (0, len(LINK_COLUMNS))

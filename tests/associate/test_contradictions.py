"""Two pins that cannot both be kept are named, both of them."""

import pytest

from samtrack.associate.contradictions import require_consistent
from samtrack.errors import DataError
from samtrack.types import Pin


def pin(action, *labels, line=1):
    """A pin of cells whose frame is the first digit of their label."""
    cells = [(label // 10, label) for label in labels]
    return Pin(action, cells[0], tuple(cells[1:]), line, f"row {line}", f"pins.csv, line {line}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pin("link", 11, 21), pin("link", 11, 22, line=2)),
        (pin("link", 11, 21), pin("link", 12, 21, line=2)),
        (pin("link", 11, 21), pin("divide", 11, 21, 22, line=2)),
        (pin("divide", 11, 21, 22), pin("divide", 12, 22, 23, line=2)),
        (pin("link", 11, 21), pin("unlink", 11, 21, line=2)),
        (pin("unlink", 11, 22), pin("divide", 11, 21, 22, line=2)),
        (pin("delete", 11), pin("link", 11, 21, line=2)),
        (pin("link", 11, 21), pin("delete", 21, line=2)),
    ],
)
def test_both_rows_are_named(one, other):
    for pins in ([one, other], [other, one]):
        with pytest.raises(DataError, match="contradict") as caught:
            require_consistent(pins)
        for row in (one, other):
            assert f"{row.where} ({row.text})" in str(caught.value)


def test_what_agrees_passes():
    require_consistent(
        [
            pin("link", 11, 21),
            pin("link", 11, 21, line=2),
            pin("divide", 21, 31, 32),
            pin("divide", 21, 32, 31, line=3),
            pin("unlink", 11, 22),
            pin("apart", 11, 21),
            pin("delete", 12),
            pin("delete", 12, line=4),
        ]
    )

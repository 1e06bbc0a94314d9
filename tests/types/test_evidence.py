"""The table of evidence checks itself, and an empty one is one."""

import numpy as np
import pytest

from samtrack.types import Evidence


def table(**changed):
    columns = {
        "source": [1, 0],
        "target": [3, -1],
        "target_frame": [1, 1],
        "overlap": [5.0, 0.0],
        "predicted": [9.0, 4.0],
        "target_size": [6.0, 0.0],
        "object_logit": [1.0, -2.0],
        "iou": [0.5, 0.1],
    }
    return Evidence(**{name: np.array(values) for name, values in (columns | changed).items()})


def test_rows_are_sorted_and_joined():
    both = Evidence.concatenate([table(), table(source=[5, 4])]).ordered()
    assert both.source.tolist() == [0, 1, 4, 5]
    assert both.target.tolist() == [-1, 3, -1, 3]
    assert len(Evidence.concatenate([])) == 0
    assert Evidence.concatenate([]).ordered().source.dtype == np.int64
    assert not both.overlap.flags.writeable


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"overlap": [10.0, 0.0]}, "cannot share more with a cell than it has"),
        ({"overlap": [-1.0, 0.0]}, "cannot share more"),
        ({"iou": [np.nan, 0.1]}, "must be finite numbers"),
        ({"iou": [0.1]}, r"Evidence\.iou has 1 rows, expected 2"),
    ],
)
def test_what_cannot_be_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        table(**changed)

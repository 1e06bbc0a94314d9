"""The lineages as HTML, and as columns for the script."""

import numpy as np
from tests.report.test_encode import unpacked

from samtrack.report.lineages import summarise_lineages
from samtrack.report.trees import NOT_JUDGED, least_probability, tell_family, write_lineages


def test_numbers_first_and_the_largest_by_name(small) -> None:
    data = small()
    text = write_lineages(data, summarise_lineages(data.tracks))
    assert "4 tracks in 2 lineages, of which 1 divide, over at most 2 generations." in text
    assert text.index('data-track="1" data-frame="0"') < text.index('data-track="2" data-frame="0"')
    assert "keep this page small" not in text


def test_what_is_left_out_is_said_with_its_place(small) -> None:
    data = small()
    text = write_lineages(data, summarise_lineages(data.tracks, room=3))
    assert "with 3 tracks; the other 1 track stand in 01_tracks.csv and 01_tracks.parquet" in text


def test_the_script_knows_each_track(small) -> None:
    data = small()
    told = tell_family(data, summarise_lineages(data.tracks))
    columns = {name: unpacked(column).tolist() for name, column in told["columns"].items()}
    assert columns["track"] == [1, 2, 3, 4]
    assert columns["first"] == [0, 0, 3, 3]
    assert columns["last"] == [2, 6, 6, 6]
    assert columns["parent"] == [0, 0, 1, 1]
    assert columns["filled"] == [0, 1, 0, 0]
    assert told["total"] == 4


def test_the_least_sure_step_counts_divisions_and_links(small) -> None:
    data = small()
    least = least_probability(data)
    assert least[0] == NOT_JUDGED
    assert least[3] == least[4] == 42, "the division of both daughters"
    of_two = data.links.score[data.tracks.track_of[data.links.target] == 2]
    assert least[2] == int(np.floor(of_two.min() * 100))


def test_nothing_to_draw(empty) -> None:
    data = empty()
    assert "There is no track" in write_lineages(data, summarise_lineages(data.tracks))

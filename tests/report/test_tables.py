"""The numbers of the page."""

from dataclasses import replace

import numpy as np
import pytest

from samtrack.report.tables import (
    count_per_frame,
    division_frames,
    find_steps,
    gap_lengths,
    list_doubtful,
    measure_displacement,
    measure_sizes,
    plain_links,
    summarise_result,
    track_lengths,
)
from samtrack.types import Divisions, Links, Tracks


def test_the_summary_counts_what_the_small_movie_holds(small) -> None:
    assert summarise_result(small()) == {
        "frames": 7,
        "cells": 3 * 2 + 4 * 3,
        "rejected": 1,
        "tracks": 4,
        "divisions": 1,
        "returns": 0,
        "filled": 1,
        "shared": 0,
        "open_gaps": 0,
    }


def test_a_shared_mask_is_two_cells_and_not_rejected(small) -> None:
    """The mask that no track holds, label 9 in frame 5, was divided between tracks 2 and 3."""
    shared = small(split=[(5, 2), (5, 3)])
    before, after = summarise_result(small()), summarise_result(shared)
    assert (before["rejected"], before["shared"]) == (1, 0)
    assert (after["rejected"], after["shared"]) == (0, 1)
    assert after["cells"] == before["cells"] + 2
    assert count_per_frame(shared)["seen"][5] == count_per_frame(small())["seen"][5] + 2


def test_a_gap_that_was_not_filled_is_an_open_one(small) -> None:
    assert summarise_result(small(filled=[]))["open_gaps"] == 1


def test_one_child_is_a_return_and_no_division(small) -> None:
    data = small()
    tracks = replace(data.tracks, parent=[0, 0, 1, 0])
    summary = summarise_result(replace(data, tracks=tracks))
    assert (summary["divisions"], summary["returns"]) == (0, 1)
    assert len(division_frames(tracks)) == 0


def test_steps_join_each_track_and_lead_from_mother_to_daughters(small) -> None:
    data = small()
    steps = find_steps(data.detections, data.tracks)
    label, frame = data.detections.label, data.detections.frame
    born = steps.is_division
    assert sorted(zip(label[steps.source[born]], label[steps.target[born]], strict=True)) == [(1, 3), (1, 4)]
    assert (label[steps.source[~born]] == label[steps.target[~born]]).all()
    assert sorted(set((frame[steps.target] - frame[steps.source]).tolist())) == [
        1,
        2,
    ]  # the filled frame is stepped over
    assert len(steps.source) == 2 + 5 + 3 + 3 + 2
    assert 9 not in label[np.r_[steps.source, steps.target]]


def test_per_frame_counts(small) -> None:
    counts = count_per_frame(small())
    assert counts["seen"].tolist() == [2, 2, 2, 2, 3, 3, 3]
    assert counts["filled"].tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert counts["divides"].tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert counts["begins"].sum() == counts["ends"].sum() == 0


def test_beginnings_and_ends_leave_out_the_movies_own(small) -> None:
    data = small()
    tracks = Tracks(np.zeros(len(data.detections)), [1, 2, 3], [0, 2, 4], [6, 4, 6], [0, 0, 0])
    counts = count_per_frame(replace(data, tracks=tracks))
    assert counts["begins"].tolist() == [0, 0, 1, 0, 1, 0, 0]
    assert counts["ends"].tolist() == [0, 0, 0, 0, 1, 0, 0]


def test_displacement_is_in_micrometres_per_frame_and_ignores_divisions(small) -> None:
    data = small()
    moved = measure_displacement(data.detections, find_steps(data.detections, data.tracks), 7)
    assert moved["frame"].tolist() == list(range(7))
    assert np.isnan(moved["median"][0])
    assert np.isnan(moved["median"][3])  # there only births, and the gap of track 2
    np.testing.assert_allclose(moved[["low", "median", "high"]].to_numpy()[[1, 2, 4, 5, 6]], 0.5)


def test_sizes_follow_the_scale(small) -> None:
    sizes = measure_sizes(small())
    assert sizes["median"][3] == 48 * 0.25
    assert sizes["high"][0] > sizes["median"][0] > sizes["low"][0]


def test_lengths_count_both_ends(small) -> None:
    assert track_lengths(small().tracks).tolist() == [3, 7, 4, 4]


def test_the_least_probable_decision_comes_first(small) -> None:
    data = small()
    doubtful = list_doubtful(data, 5)
    assert doubtful["kind"].tolist() == ["division", "link", "link", "link", "link"]
    assert doubtful["probability"].is_monotonic_increasing
    first = doubtful.iloc[0]
    assert (first["frame"], first["to_frame"]) == (2, 3)
    assert data.detections.label[[first["source"], first["target_a"], first["target_b"]]].tolist() == [1, 3, 4]
    assert (doubtful["target_b"][1:] == -1).all()


def test_a_late_division_is_shown_where_both_daughters_are_seen(small) -> None:
    data = small()
    late = Divisions(data.divisions.mother, [5], [len(data.detections) - 1], [0.1], np.zeros((1, 0)))
    first = list_doubtful(replace(data, divisions=late)).iloc[0]
    assert first["to_frame"] == data.detections.frame[-1]
    assert first["to_frame"] > data.detections.frame[5]


def test_links_that_were_not_chosen_are_not_told(small) -> None:
    data = small()
    assert list_doubtful(replace(data, link_chosen=~data.link_chosen))["kind"].tolist() == ["division"]


def test_links_to_daughters_count_as_divisions_only(small) -> None:
    data = small()
    across = data.links.source[~plain_links(data)]
    assert set(data.detections.label[across].tolist()) == {1}


def test_order_of_the_links_does_not_matter(small) -> None:
    data = small()
    back = slice(None, None, -1)
    links = Links(*(getattr(data.links, n)[back] for n in ("source", "target", "score", "origin", "features")))
    assert list_doubtful(replace(data, links=links)).equals(list_doubtful(data))


def test_tables_that_do_not_fit_are_refused(small) -> None:
    data = small()
    with pytest.raises(ValueError, match=f"link_chosen has 1 rows, expected {len(data.links)}"):
        replace(data, link_chosen=np.ones(1, dtype=bool))
    with pytest.raises(ValueError, match="7 frames of"):
        replace(data, labels=small(ndim=3).labels)


def test_a_movie_without_cells_has_tables_of_zeros(empty) -> None:
    data = empty()
    assert summarise_result(data)["cells"] == 0
    assert count_per_frame(data).drop(columns="frame").to_numpy().sum() == 0
    assert list_doubtful(data).empty
    assert measure_sizes(data)["median"].isna().all()


def test_gaps_are_told_by_whether_they_were_filled(small) -> None:
    data = small()
    steps = find_steps(data.detections, data.tracks)
    assert [lengths.tolist() for lengths in gap_lengths(data, steps)] == [[1], []]
    assert [lengths.tolist() for lengths in gap_lengths(small(filled=[]), steps)] == [[], [1]]
    parts = small(filled=[], split=[(3, 2)])
    assert [lengths.tolist() for lengths in gap_lengths(parts, steps)] == [[1], []]

"""Chosen links become tracks: numbers, frames, gaps, parents."""

import time

import numpy as np

from samtrack.associate.graph import rank_detections
from samtrack.associate.lineage import Choice, build_tracks


def tracks_of(make, detections, links, divisions=(), rejected=(), merges=()):
    choice = Choice(*(np.arange(len(t)) for t in (links, divisions, merges)), np.array(rejected, int))
    table = make.links([(s, t, 1.0) for s, t in links]), make.divisions([(*d, 1.0) for d in divisions])
    table += (make.merges([(*m, 1.0) for m in merges]),)
    return build_tracks(detections, *table, choice, rank_detections(detections))


def test_chains_gaps_and_a_division(make):
    #           A  B   A  B   A  a  b
    frames = [0, 0, 1, 1, 3, 3, 3]
    tracks = tracks_of(make, make.detections(frames), [(0, 2), (2, 4), (1, 3)], [(3, 5, 6)])
    assert tracks.track_of.tolist() == [1, 2, 1, 2, 1, 3, 4]
    assert tracks.first_frame.tolist() == [0, 0, 3, 3]
    assert tracks.last_frame.tolist() == [3, 1, 3, 3]
    assert tracks.parent.tolist() == [0, 0, 2, 2]


def test_tracks_are_numbered_by_first_frame_then_position(make):
    detections = make.detections([0, 0, 1], [[9, 0], [1, 0], [0, 0]])
    assert tracks_of(make, detections, []).track_of.tolist() == [2, 1, 3]


def test_the_rejected_have_no_track_and_take_no_number(make):
    tracks = tracks_of(make, make.detections([0, 0, 1]), [(1, 2)], rejected=[0])
    assert tracks.track_of.tolist() == [0, 1, 1]
    assert len(tracks) == 1


def test_daughters_that_go_on_keep_their_parent(make):
    tracks = tracks_of(make, make.detections([0, 1, 1, 2, 2]), [(1, 3), (2, 4)], [(0, 1, 2)])
    assert tracks.parent.tolist() == [0, 1, 1]
    assert tracks.last_frame.tolist() == [0, 2, 2]


def test_two_cells_go_on_past_the_mask_that_they_share(make):
    #           a  b  m  c  d  c  d
    detections = make.detections([0, 0, 1, 2, 2, 3, 3])
    tracks = tracks_of(make, detections, [(3, 5), (4, 6)], merges=[(0, 1, 2, 4, 3)])
    assert tracks.track_of.tolist() == [1, 2, 0, 2, 1, 2, 1]
    assert tracks.first_frame.tolist() == [0, 0]
    assert tracks.last_frame.tolist() == [3, 3]


def test_nothing(make):
    assert len(tracks_of(make, make.detections([]), [])) == 0


def test_a_chain_of_a_hundred_thousand_frames_takes_no_loop(make):
    n = 100_000
    links = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1).tolist()
    detections = make.detections(list(range(n)))
    begin = time.perf_counter()
    tracks = tracks_of(make, detections, links)
    assert time.perf_counter() - begin < 5
    assert len(tracks) == 1
    assert (tracks.first_frame[0], tracks.last_frame[0]) == (0, n - 1)

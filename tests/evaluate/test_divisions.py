"""Division F1 from match tables equals traccuracy's own way over mask series."""

from __future__ import annotations

import contextlib
import io
import math
from collections import Counter

import networkx as nx
import numpy as np
import pytest
from traccuracy import TrackingGraph
from traccuracy.loaders import load_ctc_data
from traccuracy.matchers import CTCMatcher, Matched
from traccuracy.metrics import DivisionMetrics

from samtrack.evaluate import divisions, match_frame
from samtrack.evaluate.graph import edges_of
from samtrack.evaluate.sides import join_frames


def joined(movie):
    frames = [match_frame(t, r) for t, r in zip(movie.truth, movie.result, strict=True)]
    return join_frames(frames, movie.truth_table, movie.result_table)[0]


def by_traccuracy(result, truth):
    with contextlib.redirect_stderr(io.StringIO()):
        gt = load_ctc_data(str(truth / "TRA"), str(truth / "TRA" / "man_track.txt"), run_checks=False)
        made = load_ctc_data(str(result), str(result / "res_track.txt"), run_checks=False)
        matched = CTCMatcher().compute_mapping(gt, made)
    n_truth, n_made = Counter(a for a, _ in matched.mapping), Counter(b for _, b in matched.mapping)
    pairs = [(a, b) for a, b in matched.mapping if n_truth[a] == 1 and n_made[b] == 1]
    return (
        DivisionMetrics(max_frame_buffer=3).compute(Matched(gt, made, pairs, {"matching type": "one-to-one"})).results
    )


@pytest.mark.parametrize("seed", [3, 27, 100, 188, 323])  # movies in which the tolerance matters
def test_it_equals_traccuracy_on_whole_movies(seed, case, tmp_path):
    movie = case(seed, 12, 12)
    theirs = by_traccuracy(*movie.write(tmp_path))
    found = divisions.score_divisions(joined(movie), (0, 1, 2, 3))
    assert found["divF1(3)"] > found["divF1(0)"]
    for i in range(4):
        for name in ("F1", "Precision", "Recall"):
            expected = theirs[f"Frame Buffer {i}"][f"Division {name}"]
            assert found[f"div{name}({i})"] == pytest.approx(0 if math.isnan(expected) else expected)


def graph_of(side):
    """The objects as nodes (their rows) and what joins them as edges."""
    graph = nx.DiGraph()
    graph.add_nodes_from((row, {"t": int(t)}) for row, t in enumerate(side.frame))
    source, target, _ = edges_of(side)
    graph.add_edges_from(zip(source.tolist(), target.tolist(), strict=True))
    return TrackingGraph(graph, label_key=None, validate=False)


@pytest.mark.parametrize("seed", range(100, 130))
def test_it_equals_traccuracy_on_the_same_graphs(seed, case):
    movie = joined(case(seed, 14, 12))
    sole = movie.sole_partner
    pairs = [(int(row), int(sole[row])) for row in np.flatnonzero(sole >= 0)]
    matched = Matched(graph_of(movie.truth), graph_of(movie.result), pairs, {"matching type": "one-to-one"})
    theirs = DivisionMetrics(max_frame_buffer=4).compute(matched).results
    found = divisions.score_divisions(movie, range(5))
    for i in range(5):
        n = theirs[f"Frame Buffer {i}"]["Total GT Divisions"]
        assert found[f"divRecall({i})"] == pytest.approx(theirs[f"Frame Buffer {i}"]["True Positive Divisions"] / n)
        assert n > 0


def test_without_true_divisions_there_is_no_f1(make_case):
    image = np.array([[0, 1], [2, 3]])
    one = make_case([image] * 2, [image] * 2, *[np.array([[1, 0, 1, 0], [2, 0, 1, 0], [3, 0, 1, 0]])] * 2)
    assert set(divisions.score_divisions(joined(one), (0, 3)).values()) == {None}

"""All measures: numbers derived by hand, laws, and equality with py-ctcmetrics on random movies."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from samtrack.config.evaluate import EvaluateSettings
from samtrack.evaluate import score_movie
from samtrack.evaluate.identities import score_identities
from samtrack.evaluate.match import match_frame
from samtrack.evaluate.sides import join_frames

PERFECT = [
    *("DET", "SEG", "TRA", "LNK", "CT", "TF", "CHOTA", "HOTA", "IDF1", "MOTA", "OP_CSB", "OP_CTB"),
    "BC(0)",
    "BC(3)",
]

# A mother (1) in frames 0 and 1; daughters 2 and 3 in frames 2 and 3. Each object is 4 voxels.
#   6 objects; 5 edges: 1-1, 1-2 and 1-3 (parent to child), 2-2, 3-3.
#   To build it from nothing: AOGM_0 = 6 * 10 + 5 * 1.5 = 67.5
TRUTH = [[1, 0], [1, 0], [2, 3], [2, 3]]
TRUTH_TABLE = np.array([[1, 0, 1, 0], [2, 2, 3, 1], [3, 2, 3, 1]])


def drawn(rows):
    """Each label of a row as an object of 4 voxels, with background around it."""
    images = []
    for row in rows:
        image = np.zeros((4, 3 * len(row)), dtype=np.int64)
        for at, label in enumerate(row):
            image[1:3, 3 * at : 3 * at + 2] = label
        images.append(image)
    return images


@pytest.fixture
def toy(make_case):
    """Values of a result of the toy movie."""

    def values(result, table, seg_frames=()):
        table = np.array(table, dtype=np.int64).reshape(-1, 4)
        return make_case(drawn(TRUTH), drawn(result), TRUTH_TABLE, table, seg_frames).score()

    return values


def test_a_missed_object(toy):
    found = toy([[1, 0], [1, 0], [2, 3], [2, 0]], [[1, 0, 1, 0], [2, 2, 3, 1], [3, 2, 2, 1]], (2, 3)).values
    # one object (10) and the edge to it (1.5) are to be added
    assert (found["AOGM_FN"], found["AOGM_EA"], found["AOGM"], found["AOGM_0"]) == (1, 1, 11.5, 67.5)
    assert found["DET"] == pytest.approx(1 - 10 / 60)
    assert found["TRA"] == pytest.approx(1 - 11.5 / 67.5)
    assert found["LNK"] == pytest.approx(1 - 1.5 / 7.5)
    # tracks 1 and 2 are found whole: F1 of 2 among 3 and 3; track 3 is followed over half of its life
    assert found["CT"] == pytest.approx(4 / 6)
    assert found["TF"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert found["BC(0)"] == 1
    # 3 of the 4 objects of frames 2 and 3 are there, each with an IoU of 1
    assert found["SEG"] == pytest.approx(3 / 4)
    assert found["OP_CSB"] == pytest.approx((3 / 4 + 1 - 10 / 60) / 2)
    assert found["OP_CTB"] == pytest.approx((3 / 4 + 1 - 11.5 / 67.5) / 2)
    # no track has both a parent and children, so there is no cell cycle to compare: BIO is the mean of the other three
    assert found["CCA"] is None
    assert found["BIO(0)"] == pytest.approx((4 / 6 + 2.5 / 3 + 1) / 3)
    assert found["OP_CLB(0)"] == pytest.approx((0.8 + found["BIO(0)"]) / 2)


def test_an_invented_object(toy):
    found = toy([[1, 9], [1, 0], [2, 3], [2, 3]], [*TRUTH_TABLE, [9, 0, 0, 0]]).values
    assert (found["AOGM_FP"], found["AOGM"]) == (1, 1)
    assert found["DET"] == pytest.approx(1 - 1 / 60)
    assert found["LNK"] == 1
    assert found["CT"] == pytest.approx(2 * 3 / (3 + 4))
    assert found["FAF"] == pytest.approx(1 / 4)


def test_a_division_that_is_not_seen(toy):
    # 1 goes on as 2: its edge into frame 2 is there but of the wrong kind (1); the edge to 3 is missing (1.5)
    found = toy([[1, 0], [1, 0], [1, 3], [1, 3]], [[1, 0, 3, 0], [3, 2, 3, 0]]).values
    assert (found["AOGM_EC"], found["AOGM_EA"], found["AOGM_ED"], found["AOGM"]) == (1, 1, 0, 2.5)
    assert found["TRA"] == pytest.approx(1 - 2.5 / 67.5)
    assert (found["BC(0)"], found["divF1(0)"], found["divRecall(0)"], found["divPrecision(0)"]) == (0, 0, 0, None)
    assert (found["gt_divisions"], found["fn_div(0)"], found["fp_div(0)"]) == (1, 1, 0)


def test_a_wrong_link(toy):
    # the daughters swap names in frame 3: both right edges are missing (2 * 1.5), two wrong ones are there (2 * 1)
    found = toy([[1, 0], [1, 0], [2, 3], [3, 2]], TRUTH_TABLE).values
    assert (found["AOGM_EA"], found["AOGM_ED"], found["AOGM"]) == (2, 2, 5)
    assert found["DET"] == 1
    assert found["IDSW"] == 2
    assert found["MOTA"] == pytest.approx(1 - 2 / 6)


def test_two_objects_in_one(make_case):
    result = drawn(TRUTH)
    result[3][result[3] > 0] = 2  # one object over both daughters in frame 3
    table = np.array([[1, 0, 1, 0], [2, 2, 3, 1], [3, 2, 2, 1]])
    found = make_case(drawn(TRUTH), result, TRUTH_TABLE, table, (3,)).score().values
    # one split (5); edges from and to an object that must be split do not count, so 2-2 and 3-3 are missing (2 * 1.5)
    assert (found["AOGM_NS"], found["AOGM_FN"], found["AOGM_EA"], found["AOGM"]) == (1, 0, 2, 8)
    # each daughter shares 4 of 8 voxels with it
    assert found["SEG"] == pytest.approx(0.5)


def test_a_division_seen_a_frame_too_late_counts_within_the_tolerance(toy):
    # 1 goes on as 2 in frame 2, where 3 is missed; the division is found from frame 2 to 3
    found = toy([[1, 0], [1, 0], [1, 0], [2, 3]], [[1, 0, 2, 0], [2, 3, 3, 1], [3, 3, 3, 1]]).values
    assert [found[f"BC({i})"] for i in range(4)] == [0, 1, 1, 1]
    assert [found[f"divF1({i})"] for i in range(4)] == [0, 1, 1, 1]
    assert [found[f"tp_div({i})"] for i in range(4)] == [0, 1, 1, 1]


def test_mothers_must_end_within_the_tolerance_even_if_the_daughters_start_together(make_case):
    # the truth loses sight of the mother two frames before the daughters appear; the result keeps her
    truth = drawn([[1, 0], [0, 0], [0, 0], [2, 3]])
    result = drawn([[1, 0], [1, 0], [1, 0], [2, 3]])
    tables = [np.array([[1, 0, last, 0], [2, 3, 3, 1], [3, 3, 3, 1]]) for last in (0, 2)]
    found = make_case(truth, result, *tables).score().values
    assert [found[f"BC({i})"] for i in range(4)] == [0, 0, 1, 1]


def test_a_perfect_result_with_labels_beyond_where_16_bits_would_wrap(make_case):
    tracks = np.array([[1, 0, 2, 0], [2, 0, 2, 0], [3000, 0, 2, 0]])
    named = tracks.copy()
    named[:, 0] = [10, 20, 64000]
    truth, result = [[1, 2, 3000]] * 3, [[10, 20, 64000]] * 3
    images = [[image.astype(np.uint16) for image in drawn(rows)] for rows in (truth, result)]
    found = make_case(*images, tracks, named, (0, 1)).score()
    assert found.warnings == ()
    assert {name: found.values[name] for name in PERFECT[:12]} == pytest.approx(dict.fromkeys(PERFECT[:12], 1.0))


@pytest.mark.parametrize("seed", range(12))
def test_all_measures_equal_those_of_py_ctcmetrics(seed, case, judged, tmp_path):
    movie = case(seed)
    found = movie.score()
    assert found.warnings == ()
    unable = [] if all(image.any() for image in movie.truth) else ["CHOTA", "HOTA", "IDF1", "MTML"]
    frames = zip(movie.truth, movie.result, strict=True)
    unable += [] if all(len(match_frame(t, r).iou) for t, r in frames) else ["MOTA"]  # it crashes on frames without any
    compared = 0
    for name, value in judged(*movie.write(tmp_path), *unable).items():
        if name in found.values and name not in unable and value is not None and not math.isnan(value):
            assert found.values[name] == pytest.approx(value, abs=1e-12), name
            compared += 1
        elif name not in ("BC", "BIO", "OP_CLB", "MTML", *unable):
            assert found.values[name] is None, name
    assert compared > 30


@pytest.mark.parametrize("seed", range(20, 40))
def test_the_names_of_tracks_do_not_matter(seed, case, make_case):
    movie = case(seed)
    rng = np.random.default_rng(seed)
    to = np.zeros(movie.result_table[:, 0].max() + 1, dtype=np.int64)
    to[movie.result_table[:, 0]] = rng.choice(np.arange(1, 65536), len(movie.result_table), replace=False)
    table = movie.result_table.copy()
    table[:, 0], table[:, 3] = to[table[:, 0]], to[table[:, 3]]
    renamed = make_case(movie.truth, [to[image] for image in movie.result], movie.truth_table, rng.permutation(table))
    plain = make_case(movie.truth, movie.result, movie.truth_table, movie.result_table).score()
    other = renamed.score()
    # the official TF depends on the order of labels by its own definition, and with it its means
    ordered = {name for name in plain.values if name.startswith(("TF", "BIO", "OP_CLB"))}
    assert {n: v for n, v in other.values.items() if n not in ordered} == pytest.approx(
        {n: v for n, v in plain.values.items() if n not in ordered}
    )
    assert other.warnings == plain.warnings


@pytest.mark.parametrize("seed", range(5))
def test_the_truth_scores_one_against_itself(seed, case, make_case):
    movie = case(seed)
    found = make_case(movie.truth, movie.truth, movie.truth_table, movie.truth_table, (0, 4)).score()
    expected = [name for name in PERFECT if found.values[name] is not None]
    assert len(expected) > 9
    assert {name: found.values[name] for name in expected} == pytest.approx(dict.fromkeys(expected, 1.0))
    assert found.values["AOGM"] == 0
    assert found.values["Valid"] == 1


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ([[1, 0, 1, 0], [2, 2, 3, 1]], r"1 label in the masks but not listed \(the first: 3\)"),
        ([*TRUTH_TABLE, [8, 0, 3, 0]], r"listed but in no mask \(the first: 8\)"),
        ([*TRUTH_TABLE, [2, 2, 3, 1]], r"listed more than once \(the first: 2\)"),
        ([[1, 0, 1, 0], [2, 2, 9, 1], [3, 2, 3, 1]], "another first or last frame"),
        ([[1, 0, 1, 0], [2, 2, 3, 1], [3, 2, 3, 7]], "whose parent does not exist"),
        ([[1, 0, 1, 0], [2, 2, 3, 3], [3, 2, 3, 1]], "start before their parent ended"),
        ([[1, 0, 1, 1], [2, 2, 3, 1], [3, 2, 3, 1]], "start before their parent ended"),
        ([[1, 0, 1, -2], [2, 2, 3, 1], [3, 2, 3, 1]], "whose parent does not exist"),
    ],
)
def test_a_table_that_disagrees_with_its_masks_is_told_and_the_masks_are_measured(toy, table, said):
    found = toy(TRUTH, table)
    assert found.values["Valid"] == 0
    assert found.values["DET"] == 1
    assert found.values["TRA"] is not None
    assert any(re.search(said, warning) for warning in found.warnings), found.warnings


def test_a_hole_is_told_and_no_edge_goes_over_it(toy):
    found = toy([[1, 0], [0, 0], [1, 0], [1, 3]], [[1, 0, 3, 0], [3, 3, 3, 0]])
    assert found.values["Valid"] == 0
    assert any("absent in a frame" in warning for warning in found.warnings)
    # of the result's edges only 1-1 from frame 2 to 3 is left, which is the truth's 2-2
    assert found.values["AOGM_EA"] == 4
    assert found.values["AOGM_EC"] == 0
    assert found.values["AOGM_ED"] == 0


def test_a_child_that_starts_in_the_last_frame_of_its_parent_is_told_and_not_linked(toy):
    found = toy([[1, 0], [1, 3], [2, 3], [2, 3]], [[1, 0, 1, 0], [2, 2, 3, 1], [3, 1, 3, 1]])
    assert found.values["Valid"] == 0
    assert any("start before their parent ended (the first: 3)" in warning for warning in found.warnings)
    # of the truth's edges 1-3 is missing; 1-2 is there
    assert (found.values["AOGM_EA"], found.values["AOGM_EC"], found.values["AOGM_FP"]) == (1, 0, 1)


def test_a_result_without_objects_scores_nothing_and_does_not_crash(toy):
    found = toy([[0, 0]] * 4, []).values
    assert [found[name] for name in ("DET", "TRA", "LNK", "CT", "TF", "CHOTA", "IDF1", "MOTA")] == [0] * 8
    assert found["BC(0)"] == 0
    assert found["Precision"] is None


def test_a_truth_without_objects_leaves_measures_undefined(make_case):
    empty, one = [np.zeros((3, 3), dtype=np.int64)] * 2, [np.eye(3, dtype=np.int64)] * 2
    none = np.zeros((0, 4), dtype=np.int64)
    found = make_case(empty, one, none, np.array([[1, 0, 1, 0]]), (0,)).score().values
    assert [found[name] for name in ("DET", "TRA", "LNK", "TF", "SEG", "BC(0)", "MOTA", "divF1(0)")] == [None] * 8
    nothing = make_case(empty, empty, none, none, (0,)).score().values
    assert [nothing[name] for name in ("DET", "CT", "HOTA", "CHOTA", "IDF1", "MT")] == [None] * 6


def test_only_the_measures_that_the_truth_allows_are_there():
    settings = EvaluateSettings.model_validate({})
    none = np.zeros((0, 4), dtype=np.int64)
    image = match_frame(np.array([[0, 1, 1]]), np.array([[0, 0, 4]]))
    # covers exactly half: no match, IoU 0
    assert score_movie([], [image], none, none, settings).values == {"SEG": 0, "SEG_images": 1, "SEG_objects": 1}
    tracked = score_movie([image], [], np.array([[1, 0, 0, 0]]), np.array([[4, 0, 0, 0]]), settings).values
    assert "SEG" not in tracked
    assert "OP_CSB" not in tracked
    assert tracked["DET"] == 0
    assert tracked["LNK"] is None  # a single frame has no edges


def test_tolerances_are_those_of_the_settings(toy, make_case):
    settings = EvaluateSettings.model_validate({"division_tolerance_frames": [1]})
    movie = make_case(drawn(TRUTH), drawn(TRUTH), TRUTH_TABLE, TRUTH_TABLE)
    names = {name for name in movie.score(settings).values if "(" in name}
    assert names == {f"{n}(1)" for n in ("BC", "BIO", "OP_CLB", "divF1", "divPrecision", "divRecall")} | {
        f"{n}_div(1)" for n in ("tp", "fp", "fn")
    }


def test_a_thousand_tracks_take_no_table_of_all_pairs():
    # 3000 cells that live in 2 frames each over 6 frames: py-ctcmetrics' tables of pairs would be 9000 x 9000
    labels = [np.arange(1, 3001) + 3000 * (t // 2) for t in range(6)]
    images = [row.reshape(50, 60) for row in labels]
    table = np.array([[label, 2 * k, 2 * k + 1, 0] for k in range(3) for label in labels[2 * k]])
    movie, *faults = join_frames([match_frame(image, image) for image in images], table, table)
    assert faults == [[], []]
    found = score_identities(movie)
    assert (found["HOTA"], found["CHOTA"], found["IDF1"], found["MT"]) == (1, 1, 1, 1)

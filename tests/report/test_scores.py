"""Explanations of the measures."""

from samtrack.report.scores import FURTHER, MAIN, explain, headline, split_measures


def test_every_known_measure_is_explained_without_a_hole() -> None:
    for name in [*MAIN, *FURTHER]:
        assert explain(name)
        assert "{" not in explain(name)


def test_the_tolerance_is_told() -> None:
    assert "at most 1 frame too early" in explain("BC(1)")
    assert "at most 3 frames too early" in explain("BC(3)")
    assert "at most no frame too early" in explain("BC(0)")
    assert explain("OP_CLB(2)") == explain("OP_CLB")


def test_unknown_measures_have_no_explanation() -> None:
    assert explain("NEW{0}") == ""


def test_counts_of_edits_are_not_those_of_other_measures() -> None:
    assert "weight" in explain("AOGM_FN")
    assert explain("FN") == ""


def test_the_headline_leaves_out_what_is_missing() -> None:
    assert headline({"SEG": 0.8, "TRA": 0.9, "DET": None, "BC(1)": 1}) == [("TRA", 0.9), ("SEG", 0.8), ("BC(1)", 1.0)]
    assert headline({}) == []


def test_the_open_table_comes_in_the_order_of_the_page() -> None:
    values = {"TP": 1, "AOGM_FN": 2, "BC(1)": 0.5, "BC(0)": 0.4, "DET": 0.9, "MOTA": 0.8}
    assert split_measures(values) == (["DET", "BC(0)", "BC(1)", "AOGM_FN"], ["TP", "MOTA"])

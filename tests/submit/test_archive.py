"""Archives by the names in them: one that keeps the rules, and each rule broken."""

from __future__ import annotations

import pytest

from samtrack.submit.archive import ArchiveRule, check_archive

GOOD = [
    *(f"DIC-C2DH-HeLa/{s}_RES/{f}" for s in ("01", "02") for f in ("mask000.tif", "mask001.tif", "res_track.txt")),
    *("SW/DIC-C2DH-HeLa-01.sh", "SW/DIC-C2DH-HeLa-02.sh", "SW/samtrack-0.1.0/setup.sh", "SW/DIC-C2DH-HeLa.yaml"),
]


def renamed(old, new, names=GOOD):
    return [name.replace(old, new) for name in names]


def without(part, names=GOOD):
    return [name for name in names if part not in name]


def with_all_cells(names):
    return [*names, *(name.replace("/0", "/CSB/0", 1) for name in names if "_RES" in name)]


DRO = renamed("DIC-C2DH-HeLa", "Fluo-N3DL-DRO")

BROKEN = [
    (ArchiveRule.NO_RESULT, without("_RES"), "holds no DATASET/01_RES"),
    (ArchiveRule.NO_SOFTWARE, without("SW/"), "SW: is missing"),
    (ArchiveRule.FOREIGN_PLACE, [*GOOD, "readme.md"], "readme.md: expected DATASET/01_RES"),
    (ArchiveRule.FOREIGN_PLACE, [*GOOD, "DIC-C2DH-HeLa/01/t000.tif"], "01/t000.tif"),
    (ArchiveRule.SEQUENCE_NAME, renamed("01", "left"), "left_RES: sequences are called 01 and 02"),
    (ArchiveRule.ONE_SEQUENCE, without("02"), "01_RES: is there, but not 02_RES"),
    (ArchiveRule.TRAINING, renamed("_RES", "_RES-mine"), "mine is none of GT, ST, GT\\+ST"),
    (ArchiveRule.NO_RESULT_TABLE, without("01_RES/res_track"), "01_RES: holds no res_track.txt"),
    (ArchiveRule.NO_SCRIPT, without("HeLa-02.sh"), "SW/DIC-C2DH-HeLa-02.sh: is missing; it is to make .*02_RES"),
    (ArchiveRule.NO_SCRIPT, renamed("_RES", "_RES-allGT"), "SW/DIC-C2DH-HeLa-01-allGT.sh: is missing"),
    (ArchiveRule.SCRIPT_ALONE, [*GOOD, "SW/DIC-C2DH-HeLa-01-ST.sh"], "HeLa-01-ST.sh: makes no result"),
    (ArchiveRule.NO_ALL_CELLS, DRO, "Fluo-N3DL-DRO/01_RES: holds marked lineages alone"),
    (ArchiveRule.ALL_CELLS_UNASKED, with_all_cells(GOOD), "DIC-C2DH-HeLa needs no result of its own"),
]


@pytest.mark.parametrize(("rule", "names", "said"), BROKEN, ids=[f"{row[0]}-{i}" for i, row in enumerate(BROKEN)])
def test_a_broken_rule_is_named(rule, names, said):
    import re

    told = [str(violation) for violation in check_archive(names)]
    assert [text for text in told if text.startswith(f"{rule}: ") and re.search(said, text)], told


def test_every_rule_is_broken_here():
    assert {row[0] for row in BROKEN} == set(ArchiveRule)


@pytest.mark.parametrize("training", ["GT", "ST", "GT+ST", "allGT", "allST", "allGT+allST"])
def test_archives_that_keep_the_rules(training):
    assert check_archive(GOOD) == []
    assert check_archive(with_all_cells(DRO)) == []
    suffixed = renamed("_RES", f"_RES-{training}", renamed(".sh", f"-{training}.sh", without("setup")))
    assert check_archive(suffixed) == []
    assert check_archive([*GOOD, *suffixed]) == []  # both kinds of entry in one archive


def test_one_sequence_is_enough_if_no_more_is_asked_for():
    assert check_archive(without("02"), ["01"]) == []

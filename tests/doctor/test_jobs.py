import pytest

from samtrack.doctor.jobs import check_jobs, check_names

SINFO = """\
cpu*|up|1:00:00|2|16000|8|(null)|idle
gpu|up|1:00:00|1|16000|8|gpu:2|idle
long|up|7-00:00:00|1|96000|64|(null)|idle
away|up|1:00:00|1|16000|8|(null)|down
"""
MOVIES = {"sequences": [{"name": "01", "simulate": {"frames": 30, "shape_px": [64, 64]}}], "blocks": {"frames": 3}}
ON_GPU = {"fill": {"slurm_partition": "gpu"}}
CLUSTER = {"executor": "slurm", "jobs": 5, "cores": 8, "default-resources": {"slurm_partition": "cpu"}}


def found(situation, program, config=MOVIES, **keys):
    program("sinfo", f"cat <<END\n{SINFO}END")
    return list(check_jobs(situation(config, {**CLUSTER, "set-resources": ON_GPU, **keys})))


def complaints(situation, program, config=MOVIES, **keys):
    program("sbatch", "exit 0")
    return [
        (f.verdict.value, f"{f.checked}: {f.found} {f.do}") for f in found(situation, program, config, **keys) if f.do
    ]


def test_jobs_that_fit(situation, told, program):
    program("sbatch", "exit 0")
    said = told(found(situation, program))
    assert {verdict for verdict, _ in said.values()} == {"ok"}
    assert "--cpus-per-task=2 --time=20 --mem=10500 --gres=gpu:1" in said["job of fill"][1]


@pytest.mark.parametrize(
    ("rule", "asked", "verdict", "word"),
    [
        ("fill", {"slurm_partition": "cpu"}, "problem", "Set slurm_partition in set-resources: fill: gpu"),
        ("link", {"slurm_partition": "nowhere"}, "problem", "does not exist"),
        ("link", {"slurm_partition": "away"}, "problem", "no node"),
        ("link", {"runtime": "2h"}, "problem", "cpu allows 60 min Lower runtime in set-resources: link"),
        ("link", {"runtime": "40 * attempt"}, "note", "at the last attempt"),
        ("link", {"mem_mb": "64GB"}, "problem", "nodes of cpu have 16000 MB"),
        ("link", {"cpus_per_task": 9}, "problem", "nodes of cpu have 8"),
        ("linkk", {"runtime": 5}, "note", "no rule has this name"),
    ],
)
def test_what_the_profile_says(situation, program, rule, asked, verdict, word):
    (said,) = complaints(situation, program, **{"set-resources": {**ON_GPU, rule: asked}, "retries": 1})
    assert said[0] == verdict
    assert word in said[1]


def test_too_much_memory_names_the_setting(situation, program):
    said = complaints(situation, program, {**MOVIES, "resources": {"memory_gb": 30}})
    assert {verdict for verdict, _ in said} == {"problem"}
    assert any("Set resources.memory_gb: 15.5; or set slurm_partition" in text and "long" in text for _, text in said)
    assert any("job of fill" in text and "Set resources.memory_gb: 13.5" in text for _, text in said)


def test_too_long_jobs_name_the_setting(situation, program):
    recipe = {"frames": 1000, "shape_px": [50, 1000, 1000], "cells": {"count": 500, "cycle_hours": None}}
    long = {"sequences": [{"name": "01", "simulate": recipe}], "blocks": {"frames": 500}, "fill": {"method": "shape"}}
    said = dict(reversed(text.split(": ", 1)) for _, text in complaints(situation, program, long))
    segment = next(text for text in said if "job of segment" in said[text])
    assert "Set blocks.frames: " in segment
    assert "blocks.minutes" in segment
    of_a_movie = next(text for text in said if said[text] == "job of simulate")
    assert "blocks.frames" not in of_a_movie
    assert "Set slurm_partition in set-resources: simulate: long" in of_a_movie
    assert "of the site's profile" in of_a_movie


def test_a_group_that_is_too_large(situation, program):
    groups = {"groups": ["measure=light"], "group-components": ["light=20"], "cores": 64}
    said = [text for _, text in complaints(situation, program, **groups) if "job of measure (group light=20)" in text]
    assert any(
        "mem_mb is 20000" in text and "Lower group-components in the profile, now light=20" in text for text in said
    )
    assert any("10 threads, nodes of cpu have 8 Set cores in the profile: 8" in text for text in said)


def test_what_slurm_itself_refuses(situation, told, program):
    refusal = "case \"$*\" in *gres*) echo 'Invalid account or account/partition combination' >&2; exit 1;; esac"
    program("sbatch", refusal)
    said = told(found(situation, program))
    assert said["job of fill"][0] == "problem"
    assert "Invalid account" in said["job of fill"][1]
    assert len(said) > 2


def test_a_partition_that_does_not_exist_is_told_once(situation, program):
    said = complaints(situation, program, **{"default-resources": {"slurm_partition": "nowhere"}})
    assert len([text for _, text in said if "does not exist" in text]) == 1


def test_without_slurm_nothing_is_asked(situation):
    assert list(check_jobs(situation())) == []
    assert list(check_names(situation(), [])) == []

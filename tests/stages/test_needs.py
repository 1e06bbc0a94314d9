"""What jobs ask of a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from samtrack.config import Config, build_config
from samtrack.errors import PlanError
from samtrack.stages.facts import facts_of
from samtrack.stages.forecast import RULES, cost_of
from samtrack.stages.needs import LEAST_RUNTIME_MIN, OVERHEAD_MB, SLACK, Needs, needs
from samtrack.stages.plan import complete

SMALL = {"frames": 20, "shape_px": [64, 64]}
LARGE = {"frames": 4000, "shape_px": [60, 512, 512], "cells": {"count": 500, "cycle_hours": None}}


def config_of(*recipes: dict[str, Any], **sections: Any) -> Config:
    sequences = [{"name": f"0{i + 1}", "simulate": recipe} for i, recipe in enumerate(recipes)]
    return complete(build_config({"out": "nowhere", "sequences": sequences} | sections))


def test_a_small_job_asks_for_the_memory_that_its_stage_keeps_to() -> None:
    config = config_of(SMALL, resources={"memory_gb": 6, "workers": 3}, fill={"method": "shape"})
    assert needs(config, "segment") == Needs(threads=1, mem_mb=6000 + OVERHEAD_MB, runtime_min=LEAST_RUNTIME_MIN, gpu=0)
    assert needs(config, "measure").mem_mb == 2000


def test_a_job_that_asks_a_network_gets_its_memory_the_users_threads_and_a_gpu() -> None:
    resources = {"memory_gb": 6, "workers": 3}
    config = config_of(SMALL, resources=resources, sam2={"memory_gb": 3})
    assert needs(config, "fill") == Needs(threads=3, mem_mb=9000 + OVERHEAD_MB, runtime_min=LEAST_RUNTIME_MIN, gpu=1)
    assert needs(config, "fill", cores=2).threads == 2
    assert needs(config_of(SMALL, sam2={"device": "cpu"}), "fill").gpu == 0


def test_further_attempts_get_twice_the_time_and_half_as_much_memory_again() -> None:
    config = config_of(SMALL)
    first, second, third = (needs(config, "link", "01", attempt) for attempt in (1, 2, 3))
    assert (second.mem_mb, third.mem_mb) == (first.mem_mb * 1.5, first.mem_mb * 2.25)
    assert (second.runtime_min, third.runtime_min) == (first.runtime_min * 2, first.runtime_min * 4)


def test_time_follows_the_forecast_of_the_sequence() -> None:
    config = config_of(SMALL, LARGE)
    small, large, any_of_them = (needs(config, "ingest", name, cores=1) for name in ("01", "02", None))
    assert small.runtime_min == LEAST_RUNTIME_MIN
    seconds = cost_of(config, "ingest", facts_of(config, config.sequences[1]), 1).seconds
    assert large.runtime_min == pytest.approx(SLACK * seconds / 60, abs=1)
    assert large.runtime_min > small.runtime_min
    assert any_of_them == large


def test_tables_that_outgrow_the_memory_given_are_asked_for() -> None:
    many = {"frames": 2000, "shape_px": [2000, 2000], "cells": {"count": 2000, "cycle_hours": None}}
    assert needs(config_of(many), "associate").mem_mb > 15_000


def test_rules_that_take_all_cores() -> None:
    config = config_of(SMALL)
    assert [needs(config, "export_ctc", cores=cores).threads for cores in (1, 5, None)] == [1, 5, 8]


def test_every_rule_with_a_known_cost_and_no_other() -> None:
    config = config_of(SMALL)
    for rule in RULES:
        assert needs(config, rule).mem_mb >= 2000
    with pytest.raises(PlanError, match="rule 'segmnt': nothing is known"):
        needs(config, "segmnt")

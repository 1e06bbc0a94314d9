"""Arithmetic of costs: a case by hand, and laws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.config import Config, build_config
from samtrack.config.rates import GPU_THREADS, NETWORKS, PRODUCTS, RATES
from samtrack.errors import PlanError
from samtrack.stages.facts import Facts
from samtrack.stages.forecast import RULES, cost_of, forecast, network_rate, rules_of

FACTS = Facts(100, (10, 1000, 1000), 2, 300.0, 24.0)


def config_of(**sections: Any) -> Config:
    raw = {"sequences": [{"name": "01", "images": "movie", "masks": "masks"}], "blocks": {"frames": 30}}
    return build_config(raw | {"fill": {"method": "shape"}} | sections)


def test_a_block_rule_by_hand() -> None:
    cost, rate = cost_of(config_of(), "measure", FACTS), RATES["measure"]
    assert cost.jobs == 4  # 30, 30, 30 and 10 frames of 10 million voxels
    assert cost.seconds == pytest.approx(rate.start_s + 300 * rate.voxels_s + 9 * rate.cells_s)
    assert cost.cpu_s == pytest.approx(4 * rate.start_s + 1000 * rate.voxels_s + 30 * rate.cells_s)
    assert cost.memory_mb == pytest.approx(rate.base_mb + 2**22 * rate.held_bytes / 1e6 + 9000 * rate.cell_bytes / 1e6)
    assert cost.disk_mb == pytest.approx(30_000 * PRODUCTS["measure"].cell_bytes / 1e6)
    assert (cost.files, cost.gpu_seconds, cost.gpu_s) == (16, 0, 0)


def test_a_rule_of_the_movie_takes_all_cores() -> None:
    one, eight = (cost_of(config_of(), "ingest", FACTS, cores) for cores in (1, 8))
    assert (one.jobs, one.seconds) == (1, pytest.approx(0.6 + 1000 * 0.015))
    assert eight.seconds == pytest.approx(0.6 + 15 / (1 + 7 * 0.7))
    assert eight.cpu_s == one.cpu_s
    assert eight == cost_of(config_of(), "ingest", FACTS), "on a cluster, eight threads"


def test_a_network_costs_by_the_pixels_that_it_sees_and_the_cells_that_it_carries() -> None:
    config = config_of(link={"sam2": "on"}, resources={"workers": 1})
    cost, network = cost_of(config, "propagate", FACTS), NETWORKS["samtrack-tiny"]
    work = 30 * (network.pixels_s * (30 / 24) ** 2 * 10 + network.cells_s * 300)
    plain = RATES["propagate"].start_s + network.start_s + 30 * (10 * 0.05 + 0.3 * 0.2)
    assert cost.seconds == pytest.approx(plain + work)
    assert cost.gpu_seconds == pytest.approx(plain + work / GPU_THREADS)
    assert cost_of(config_of(link={"sam2": "on"}, sam2={"device": "cpu"}), "propagate", FACTS).gpu_s == 0


@pytest.mark.parametrize(
    ("weights", "known"),
    [("samtrack-tiny", "samtrack-tiny"), ("sam2.1-hiera-tiny", "hiera-tiny"), ("mine", "hiera-large")],
)
def test_unknown_weights_are_taken_for_large_ones(weights: str, known: str) -> None:
    config = config_of(fill={"method": "sam2"}, sam2={"weights": weights})
    assert network_rate(config, "fill") is NETWORKS[known]


def test_the_rules_that_run() -> None:
    assert rules_of(config_of(), config_of().sequences[0]) == [
        *("ingest", "diameter", "segment", "measure", "summarise", "link", "associate", "fill"),
        *("export_tracks", "export_ctc", "export_files", "validate", "report"),
    ]
    config = config_of(segment={"method": "given"}, lineages="from_first_frame", link={"sam2": "on"})
    config = config.model_copy(update={"export": config.export.model_copy(update={"ctc": False})})
    rules = rules_of(config, config.sequences[0].model_copy(update={"truth": "truth"}))
    assert {"propagate", "lineages"} <= set(rules)
    assert not {"diameter", "export_ctc", "validate", "evaluate", "simulate"} & set(rules)


def test_frames_too_large_for_memory_are_labelled_on_disk() -> None:
    large = replace(FACTS, shape=(1000, 1000, 1000))
    assert cost_of(config_of(), "segment", large).scratch_mb == 4000
    assert cost_of(config_of(resources={"memory_gb": 64}), "segment", large).scratch_mb == 0
    assert cost_of(config_of(segment={"method": "given"}), "segment", large).scratch_mb == 0


def test_what_cannot_be_told_is_an_error() -> None:
    with pytest.raises(PlanError, match="rule 'sement': nothing is known"):
        cost_of(config_of(), "sement", FACTS)
    with pytest.raises(PlanError, match=r"blocks.frames is still 'auto'"):
        cost_of(config_of(blocks={"frames": "auto"}), "segment", FACTS)


@given(
    st.integers(1, 400),
    st.integers(8, 3000),
    st.floats(1, 1e5),
    st.integers(2, 5),
    st.sampled_from(["shape", "sam2"]),
)
def test_costs_grow_with_the_movie_and_linearly_with_its_length(
    blocks: int, side: int, cells: float, times: int, fill: str
) -> None:
    config = config_of(fill={"method": fill}, link={"sam2": "on"})
    facts = Facts(30 * blocks, (side, side), 1, cells, 20.0)
    longer, larger = replace(facts, frames=facts.frames * times), replace(facts, shape=(side * times, side))
    denser = replace(facts, cells=cells * times)
    for rule in RULES:
        cost = cost_of(config, rule, facts, 4)
        for more in (longer, larger, denser):
            other = cost_of(config, rule, more, 4)
            for name in ("jobs", "seconds", "gpu_seconds", "cpu_s", "gpu_s", "memory_mb", "disk_mb", "files"):
                assert getattr(other, name) >= getattr(cost, name) * (1 - 1e-9), (rule, name)
        if RATES.get(rule) is None or RATES[rule].per == "block":
            assert cost_of(config, rule, longer, 4).cpu_s == pytest.approx(times * cost.cpu_s)
            assert cost_of(config, rule, longer, 4).seconds == pytest.approx(cost.seconds)


def test_the_forecast_is_one_cost_for_each_rule() -> None:
    config = config_of()
    costs = forecast(config, config.sequences[0], FACTS, factors={"link": 3.0})
    assert [cost.rule for cost in costs] == rules_of(config, config.sequences[0])
    (link,) = (cost for cost in costs if cost.rule == "link")
    assert link.cpu_s == pytest.approx(3 * cost_of(config, "link", FACTS).cpu_s)

"""How long blocks are where nobody says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from samtrack.config import Config, build_config
from samtrack.stages.cut import (
    MOST_BLOCKS,
    choose_length,
    length_before,
    planning_s,
    with_blocks,
    with_length,
)
from samtrack.stages.facts import Facts
from samtrack.stages.forecast import RULES, cost_of
from samtrack.stages.plan import complete, save_run_config

SMALL = Facts(30, (512, 512), 2, 100.0, 20.0)


def config_of(**sections: Any) -> Config:
    raw = {"sequences": [{"name": "01", "images": "movie"}], "fill": {"method": "shape"}}
    return build_config(raw | sections)


def test_short_movies_keep_25_frames() -> None:
    for frames in (1, 25, 92, 400):
        assert choose_length(config_of(), [replace(SMALL, frames=frames)]) == 25


def test_longer_movies_are_cut_into_16_blocks_until_jobs_take_minutes() -> None:
    assert choose_length(config_of(), [replace(SMALL, frames=4000)]) == 250
    length = choose_length(config_of(), [replace(SMALL, frames=100_000)])
    longest = max(cost_of(with_length(config_of(), length), rule, SMALL).seconds for rule in ("segment", "link"))
    assert length > 250
    assert longest <= 300


def test_a_huge_frame_is_a_block_of_its_own() -> None:
    assert choose_length(config_of(), [Facts(50, (1000, 2000, 2000), 2, 20_000.0, 20.0)]) == 1


@pytest.mark.parametrize("minutes", [1.0, 5.0, 60.0])
def test_jobs_take_the_time_asked_for(minutes: float) -> None:
    config = config_of(blocks={"minutes": minutes})
    facts = Facts(10_000, (20, 512, 512), 2, 500.0, 20.0)
    length = choose_length(config, [facts])
    jobs = [cost_of(with_length(config, length), rule, replace(facts, frames=length)) for rule in RULES]
    longest = max(cost.seconds for cost in jobs if cost.rule in ("segment", "measure", "link", "fill"))
    assert 0.4 * 60 * minutes < longest <= 60 * minutes


@given(st.integers(1, 200_000), st.integers(4, 4000), st.floats(1, 1e5), st.integers(1, 5))
def test_never_more_blocks_than_can_be_planned(frames: int, side: int, cells: float, sequences: int) -> None:
    facts = [Facts(frames, (side, side), 1, cells, 20.0)] * sequences
    length = choose_length(config_of(), facts)
    assert length >= 1
    assert sum(-(-one.frames // length) for one in facts) <= max(MOST_BLOCKS, sequences)
    assert planning_s(MOST_BLOCKS) < 120


@given(st.integers(1, 50_000), st.integers(8, 2000))
def test_larger_frames_never_make_longer_blocks(frames: int, side: int) -> None:
    small, large = (Facts(frames, (side * times, side), 2, 50.0 * times, 20.0) for times in (1, 3))
    if frames <= MOST_BLOCKS:
        assert choose_length(config_of(), [large]) <= choose_length(config_of(), [small])


RECIPE = {"frames": 600, "shape_px": [64, 64]}


class TestTheNumberStays:
    def complete(self, out: Path, **sections: Any) -> Config:
        raw = {"out": str(out), "sequences": [{"name": "01", "simulate": RECIPE}]}
        return complete(build_config(raw | sections))

    def test_it_is_chosen_once_and_kept_in_the_folder(self, tmp_path: Path) -> None:
        first = self.complete(tmp_path)
        assert first.blocks.frames == 25
        saved = yaml.safe_load(save_run_config(first).read_text())
        assert saved["blocks"]["frames"] == 25
        slow = {"blocks": {"minutes": 0.1}, "link": {"sam2": "on"}}
        assert self.complete(tmp_path, **slow).blocks.frames == 25
        assert self.complete(tmp_path / "other", **slow).blocks.frames < 25

    def test_the_users_number_counts_more(self, tmp_path: Path) -> None:
        save_run_config(self.complete(tmp_path))
        assert self.complete(tmp_path, blocks={"frames": 7}).blocks.frames == 7

    def test_an_earlier_run_with_a_number_of_the_user_is_gone_on_with(self, tmp_path: Path) -> None:
        save_run_config(self.complete(tmp_path, blocks={"frames": 7}))
        assert self.complete(tmp_path).blocks.frames == 7
        config = build_config({"sequences": [{"name": "01", "simulate": RECIPE, "frames": 600}]})
        assert with_blocks(config, tmp_path).blocks.frames == 7

    @pytest.mark.parametrize("text", ["", "blocks: {}", "blocks: 5", "blocks: {frames: auto}", "blocks: {frames: 0}"])
    def test_a_folder_without_a_number_says_nothing(self, tmp_path: Path, text: str) -> None:
        assert length_before(tmp_path) is None
        (tmp_path / "run_config.yaml").write_text(text)
        assert length_before(tmp_path) is None

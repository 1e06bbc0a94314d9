"""What a whole run will cost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samtrack.config import Config, build_config
from samtrack.stages.cut import choose_length, with_length
from samtrack.stages.facts import Facts
from samtrack.stages.forecast import cost_of
from samtrack.stages.like import Likeness
from samtrack.stages.outlook import (
    Means,
    Outlook,
    as_data,
    as_text,
    free_mb,
    look_ahead,
    outlook_of,
    size_text,
    time_text,
    wall_of,
)
from samtrack.stages.plan import complete

MEANS = Means(cores=4, gpus=0, free_mb=1e6)
TWO = [{"name": n, "simulate": {"frames": 60, "shape_px": [256, 256], "seed": i}} for i, n in enumerate("ab")]


def config_of(sequences: Any = TWO, **sections: Any) -> Config:
    return complete(build_config({"out": "nowhere", "sequences": sequences} | sections))


def planned(facts: Facts, means: Means, **sections: Any) -> Outlook:
    """A movie that nobody has, cut as it would be."""
    config = build_config({"sequences": [{"name": "01", "images": "nowhere", "frames": facts.frames}]} | sections)
    config = with_length(config, choose_length(config, [facts]))
    return outlook_of(config, {"01": facts}, means)


def test_sequences_are_added_up() -> None:
    one, two = look_ahead(config_of(TWO[:1]), MEANS), look_ahead(config_of(), MEANS)
    assert (two.jobs, two.files) == (2 * one.jobs, 2 * one.files)
    assert two.disk_mb == pytest.approx(2 * one.disk_mb)
    assert [cost.seconds for cost in two.costs] == [cost.seconds for cost in one.costs]
    assert sum(cost.cpu_s for cost in two.costs) == pytest.approx(2 * sum(cost.cpu_s for cost in one.costs))


def test_the_wall_time_is_that_of_rounds_of_jobs() -> None:
    config = config_of(fill={"method": "sam2"}, resources={"workers": 1})
    cost = cost_of(config, "fill", Facts(250, (256, 256), 2, 50.0, 24.0))
    assert cost.jobs == 10
    assert wall_of(cost, Means(4, 0, 0)) == 3 * cost.seconds
    assert wall_of(cost, Means(4, 2, 0)) == 5 * cost.gpu_seconds
    assert wall_of(cost, Means(100, 0, 0)) == cost.seconds
    assert wall_of(replace(cost, threads=2), Means(4, 0, 0)) == 5 * cost.seconds


def test_text_and_data_say_the_same() -> None:
    outlook = look_ahead(config_of(), MEANS)
    text, data = as_text(outlook), json.loads(json.dumps(as_data(outlook)))
    assert ["total", str(data["jobs"])] in [line.split()[:2] for line in text.splitlines()]
    assert time_text(data["wall_s"]) in text
    assert {cost["rule"] for cost in data["rules"]} <= set(text.split())
    assert f"disk: {size_text(data['disk_mb'])} needed" in text
    assert max(map(len, text.splitlines())) < 120


def test_what_limits_is_said() -> None:
    little = look_ahead(config_of(), Means(4, 0, 1.0))
    assert any(remark.startswith("too little disk:") for remark in little.remarks)
    assert not any("too little disk" in remark for remark in look_ahead(config_of(), MEANS).remarks)
    slow = look_ahead(config_of(link={"sam2": "on"}), MEANS).remarks
    assert any("longest: propagate" in remark and "a GPU would take" in remark for remark in slow)


def test_an_earlier_run_or_the_user_says_how_many_cells() -> None:
    like = Likeness(seconds={"link": 2.0}, image=0.5, cells_per_voxel=0.001, axes=2)
    plain, liked = look_ahead(config_of(), MEANS), look_ahead(config_of(), MEANS, like)
    assert liked.facts["a"].cells == pytest.approx(0.001 * 256**2)
    assert look_ahead(config_of(), MEANS, like, cells=7).facts["b"].cells == 7
    sizes = [next(c.disk_mb for c in o.costs if c.rule == "ingest") for o in (plain, liked)]
    assert sizes[1] == pytest.approx(sizes[0] / 2)
    assert look_ahead(config_of(), MEANS, Likeness(cells_per_voxel=9, axes=3)).facts == plain.facts


def test_467_gb_of_beetle() -> None:
    """The size of Fluo-N3DL-TRIF: 130 frames of 965 x 1871 x 991 voxels of 2 bytes are 465 GB."""
    outlook = planned(Facts(130, (965, 1871, 991), 2, 5000.0, 20.0), Means(100, 4, 1e7))
    by_rule = {cost.rule: cost for cost in outlook.costs}
    assert (outlook.block_frames, by_rule["segment"].jobs) == (1, 130)
    assert 0.2e6 < outlook.disk_mb < 1e6
    assert by_rule["segment"].scratch_mb == pytest.approx(965 * 1871 * 991 * 4 / 1e6)
    assert by_rule["segment"].memory_mb < 8000
    assert outlook.wall_s < 5 * 86400


def test_ten_terabytes_of_light_sheet() -> None:
    outlook = planned(Facts(1000, (1250, 2000, 2000), 2, 20_000.0, 20.0), Means(200, 8, 1e6))
    assert outlook.block_frames == 1
    assert 4e6 < outlook.disk_mb < 12e6
    assert any("too little disk" in remark for remark in outlook.remarks)
    assert any("while segment runs" in remark for remark in outlook.remarks)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "0.5 s"), (119, "119.0 s"), (120, "2.0 min"), (7200, "2.0 h"), (200_000, "2.3 d")]
)
def test_times(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


@pytest.mark.parametrize(("megabytes", "text"), [(0.4, "0 MB"), (999, "999 MB"), (1500, "1.5 GB"), (2e6, "2.0 TB")])
def test_sizes(megabytes: float, text: str) -> None:
    assert size_text(megabytes) == text


def test_free_space_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert free_mb(tmp_path / "a" / "b") > 0

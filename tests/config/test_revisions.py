"""What a stage's trigger depends on: its own sections and its revision, nothing else."""

import pytest

from samtrack.config import Config, build_config, network_of, trigger
from samtrack.config.revisions import REVISIONS, SECTIONS, WITHOUT_EFFECT

CHANGES = {
    "movie": {"minutes_per_frame": 7.0},
    "ingest": {"compression_level": 5},
    "segment": {"method": "seeds", "sensitivity": 0.41},
    "objects": {"min_size_um": 3},
    "link": {"candidates": 7},
    "associate": {"cost_appear": 1.5},
    "fill": {"method": "none"},
    "sam2": {"precision": "float32"},
    "sammed3d": {"precision": "float32"},
    "train3d": {"steps": 7},
    "export": {"field_of_interest_px": 25},
    "evaluate": {"division_tolerance_frames": [0]},
    "report": {"tail_frames": 3},
    "blocks": {"frames": 7},
    "resources": {"workers": 3},
    "lineages": "from_first_frame",
}


PLAIN = {"fill": {"method": "shape"}}
"""No stage draws with a network."""

SINGLE = {
    "link.propagate_frames": {"propagate", "link", "associate"},
    "link.propagate_planes": {"propagate", "link", "associate"},
    "link.candidates": {"link", "associate"},
    "sam2.cell_px": {"propagate"},
    "sam2.memory_gb": set(),
}
"""Settings of sections of which some stages see a part only, and the stages that they change."""


def test_every_section_is_tried() -> None:
    sections = set(Config.model_fields) - {"dataset", "preset", "out", "sequences", "mode"}
    assert set(CHANGES) == sections
    assert set(SECTIONS) == set(REVISIONS)


@pytest.mark.parametrize("section", CHANGES)
def test_a_changed_section_changes_the_triggers_of_its_stages_only(section: str) -> None:
    plain = {} if section == "fill" else PLAIN
    before, after = build_config(plain), build_config({**plain, section: CHANGES[section]})
    assert getattr(before, section) != getattr(after, section)
    changed = {stage for stage in REVISIONS if trigger(before, stage) != trigger(after, stage)}
    assert changed == {stage for stage, sections in SECTIONS.items() if section in sections}


@pytest.mark.parametrize(("method", "network"), [("sam2", "sam2"), ("prompts3d", "sammed3d")])
@pytest.mark.parametrize("stage", ["segment", "fill"])
def test_a_stage_that_asks_a_network_depends_on_what_it_is_and_not_on_how_it_runs(
    stage: str, method: str, network: str
):
    chosen = {**PLAIN, stage: {"method": method}}
    before = build_config(chosen)
    assert network_of(before, stage) == network
    assert network_of(build_config(PLAIN), stage) is None
    assert network_of(before, "link") is None
    other = build_config({**chosen, network: {"weights": "elsewhere", "cell_px": 30.0}})
    moved = build_config({**chosen, network: {"device": "cpu", "memory_gb": 7.0, "cache": "there"}})
    also = {"propagate"} if network == "sam2" else set()
    assert {s for s in REVISIONS if trigger(before, s) != trigger(other, s)} == {stage} | also
    assert all(trigger(before, s) == trigger(moved, s) for s in REVISIONS)


@pytest.mark.parametrize(("setting", "stages"), SINGLE.items())
def test_single_settings_of_a_section_count_where_the_others_do_not(setting: str, stages: set[str]) -> None:
    section, name = setting.split(".")
    value = {"propagate_frames": 2, "propagate_planes": "three", "candidates": 7, "memory_gb": 1.0, "cell_px": 40.0}[
        name
    ]
    before, after = build_config(PLAIN), build_config({**PLAIN, section: {name: value}})
    assert {stage for stage in REVISIONS if trigger(before, stage) != trigger(after, stage)} == stages


def test_how_the_work_is_cut_re_runs_nothing() -> None:
    assert not any({"blocks", "resources"} & set(sections) for sections in SECTIONS.values())


def test_where_and_how_fast_a_network_runs_re_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SECTIONS, "link", ("link", "sam2"))
    before = trigger(build_config({}), "link")
    other = {"device": "cpu", "compile": True, "memory_gb": 9.0, "cache": "elsewhere"}
    assert set(other) == WITHOUT_EFFECT["sam2"]
    assert trigger(build_config({"sam2": other}), "link") == before
    assert trigger(build_config({"sam2": {"weights": "edgetam"}}), "link") != before


@pytest.mark.parametrize("stage", REVISIONS)
def test_a_raised_revision_changes_its_stage_only(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = build_config({})
    before = {s: trigger(config, s) for s in REVISIONS}
    monkeypatch.setitem(REVISIONS, stage, REVISIONS[stage] + 1)
    assert {s for s in REVISIONS if trigger(config, s) != before[s]} == {stage}


def test_the_text_does_not_depend_on_how_the_configuration_was_written() -> None:
    one = build_config({"link": {"candidates": 4, "gate_radii": 2}, "movie": {"um_per_voxel": [1, 1]}})
    other = build_config({"movie": {"um_per_voxel": (1.0, 1.0)}, "link": {"gate_radii": 2.0, "candidates": 4}})
    assert all(trigger(one, stage) == trigger(other, stage) for stage in REVISIONS)

"""What rules say of their jobs: functions that Snakemake calls with wildcards and attempt."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from samtrack.config import build_config
from samtrack.config.schema import Config
from samtrack.io.cgroups import Cgroups
from samtrack.stages.forecast import RULES
from samtrack.stages.jobs import Jobs, limit_memory
from samtrack.stages.plan import complete

MOVIE = {"frames": 30, "shape_px": [20, 128, 128]}


def planned(tmp_path: Path, **sections: Any) -> Config:
    raw = {"dataset": "made", "out": str(tmp_path), "sequences": [{"name": "01", "simulate": MOVIE}], **sections}
    return complete(build_config(raw))


def asked(jobs: Jobs, rule: str, attempt: int = 1) -> dict[str, int]:
    return {name: of(SimpleNamespace(sequence="01"), attempt) for name, of in jobs.resources(rule).items()}


def test_every_rule_asks_for_memory_and_time_and_more_of_both_at_a_further_attempt(tmp_path: Path) -> None:
    jobs = Jobs(planned(tmp_path), None)
    for rule in RULES:
        first, second = asked(jobs, rule), asked(jobs, rule, 2)
        assert second["mem_mb"] == pytest.approx(1.5 * first["mem_mb"], abs=1), rule
        assert second["runtime"] == 2 * first["runtime"] > 0, rule


def test_a_job_that_asks_a_network_has_its_memory_its_threads_and_a_gpu(tmp_path: Path) -> None:
    drawn = {"fill": {"method": "prompts3d"}, "resources": {"workers": 5, "memory_gb": 6.0}}
    jobs = Jobs(planned(tmp_path, **drawn, sammed3d={"memory_gb": 3.0}), None)
    assert (jobs.threads("fill"), jobs.threads("segment")) == (5, 1)
    assert asked(jobs, "fill")["mem_mb"] == 9500
    assert (asked(jobs, "fill")["gpu"], asked(jobs, "segment")["gpu"]) == (1, 0)
    on_cpu = Jobs(planned(tmp_path, **drawn, sammed3d={"device": "cpu"}), None)
    assert asked(on_cpu, "fill")["gpu"] == 0


def test_jobs_that_can_use_any_number_take_all_cores_of_a_machine_and_no_job_more(tmp_path: Path) -> None:
    config = planned(tmp_path, resources={"workers": 6})
    assert Jobs(config, 3).threads("ingest") == 3
    assert Jobs(config, None).threads("ingest") == 8
    assert Jobs(config, 1).threads("export_tracks") == 1


class Asked:
    """What Snakemake shows of a workflow."""

    def __init__(self, is_main_process: bool = True, nodes: int | None = None) -> None:
        self.is_main_process, self.resource_settings = is_main_process, SimpleNamespace(nodes=nodes)
        self.global_resources: dict[str, int] = {}
        self.register_resource = self.global_resources.__setitem__


def test_a_control_group_bounds_the_memory_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "self").write_text("0::/job\n")
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "memory.max").write_text("2000000000\n")
    workflow = Asked()
    limit_memory(workflow, Cgroups(tmp_path / "self", tmp_path))
    assert workflow.global_resources == {"mem_mb": 1800}


@pytest.mark.parametrize("where", [{"is_main_process": False}, {"nodes": 200}])
def test_jobs_of_a_cluster_are_not_bounded_by_this_machine(where: dict[str, bool]) -> None:
    workflow = Asked(**where)
    limit_memory(workflow)
    assert workflow.global_resources == {}

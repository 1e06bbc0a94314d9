"""The demo movies through `snakemake --profile slurm`: every job under Slurm, where it asked to be; a local run's bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.slurm.cluster import Cluster
from tests.slurm.lab import ROOT, Work

pytestmark = [pytest.mark.slurm, pytest.mark.workflow]

SMALL = {
    "demo2d": "{kind: nuclei, seed: 1, frames: 4, shape_px: [192, 192], cells: {count: 10, cycle_hours: 12}}",
    "demo3d": "{kind: nuclei, seed: 2, frames: 3, shape_px: [10, 64, 64], um_per_voxel: [2.0, 0.8, 0.8], cells: {count: 5}}",
}
"""The movies of the demos, with few frames and few cells; everything else is as in their files."""

BLOCK_FRAMES = {"demo2d": 2, "demo3d": 3}
RESULT = (
    "01_RES/*",
    "01_tracks.*",
    "01_scores.*",
    "01_report.html",
    "01.ome.zarr/**/*",
    "run_config.yaml",
    "01_work/**/*",
)

HERE = {"weights"}
"""Commands of local rules: they run where Snakemake does."""

WEIGHTS = {
    name: f"{network}: {{weights: {ROOT}/src/samtrack/models/{network}/tiny}}\n"
    for name, network in (("demo2d", "sam2"), ("demo3d", "sammed3d"))
}
"""Networks by their folders: those that ship are never fetched, all others are looked at before any job."""

NETWORKS = {"demo2d": {"propagate", "fill"}, "demo3d": {"fill"}}
"""Commands that ask a network."""


@pytest.mark.parametrize("name", SMALL)
def test_a_demo_on_the_cluster(cluster: Cluster, tmp_path: Path, digest: Callable[..., dict[str, str]], name: str):
    (tmp_path / "small.yaml").write_text(
        f"out: {tmp_path}/out\nblocks: {{frames: {BLOCK_FRAMES[name]}}}\n"
        f"sequences: [{{name: '01', simulate: {SMALL[name]}}}]\n{WEIGHTS[name]}"
    )
    options = ["--configfile", f"config/datasets/{name}.yaml", str(tmp_path / "small.yaml")]
    before = {job.id for job in cluster.jobs()}
    work = Work(tmp_path, cluster.environment)
    run = work.start(*options, cwd=ROOT)
    assert run.finish(900) == 0, run.text
    on_cluster = work.executions()
    everything = digest(tmp_path / "out", *RESULT)
    (tmp_path / "out").rename(tmp_path / "of_cluster")
    (tmp_path / "diary").unlink()
    local = work.start(*options, profile="", cwd=ROOT)
    assert local.finish() == 0, local.text
    assert digest(tmp_path / "out", *RESULT) == everything

    assert sorted(done.command for done in on_cluster) == sorted(done.command for done in work.executions())
    jobs = {job.id: job for job in cluster.jobs() if job.id not in before}
    completed = cluster.completed()
    assert {done.job for done in on_cluster if done.stage not in HERE} == set(jobs), "every job ran under Slurm"
    for number, job in jobs.items():
        assert completed[number]["JobState"] == "COMPLETED"
        done = [one for one in on_cluster if one.job == number]
        assert {one.node for one in done} == {completed[number]["NodeList"]}, "on the node that Slurm gave"
        if "gpu:1" in job.gpus:
            assert {one.node for one in done} == {"n1"}, "the node with GPUs"
            assert {one.gpus for one in done} <= {"0", "1"}, "one GPU, by its number"
        else:
            assert not any(one.gpus for one in done), "no GPU that was not asked for"
    fetched = [done for done in on_cluster if done.stage in HERE]
    asked = [done for done in on_cluster if done.stage in NETWORKS[name]]
    assert fetched, "the weights of this demo's network"
    assert {done.job for done in fetched} == {0}, "brought here, where nodes need no internet"
    assert max(done.ended for done in fetched) < min(done.started for done in asked), "before any job needs them"
    on_gpu = {one.stage for one in on_cluster if one.job in jobs and "gpu:1" in jobs[one.job].gpus}
    assert on_gpu >= NETWORKS[name]

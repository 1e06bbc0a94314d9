"""Facts for the page that are no result."""

from pathlib import Path

from samtrack.config import build_config
from samtrack.stages.address import Address
from samtrack.stages.report_facts import given, machine, timings, versions


def address_in(tmp_path: Path, **more) -> Address:
    recipe = {"frames": 4, "shape_px": (64, 64), "seed": 9}
    raw = {
        "out": str(tmp_path),
        "sequences": [{"name": "01", "frames": 4, "simulate": recipe}],
        "blocks": {"frames": 4},
    }
    config = build_config(raw | more)
    return Address(config, config.sequences[0])


def test_what_went_in_is_told_with_sums_of_weights(tmp_path: Path) -> None:
    facts = dict(given(address_in(tmp_path)))
    assert facts["Images"] == "simulated: nuclei, seed 9"
    assert "Truth" not in facts, "it is simulated with the images"
    assert len(facts["Weights of sam2"].split("SHA-256 ")[1]) == 64
    plain = address_in(tmp_path, fill={"method": "shape"}, link={"sam2": "off"})
    assert "Weights of sam2" not in dict(given(plain))


def test_weights_that_the_run_noted_are_told_as_noted(tmp_path: Path) -> None:
    (tmp_path / "weights.sha256").write_text("abc  x\n")
    assert dict(given(address_in(tmp_path)))["Weights of sam2"].endswith("SHA-256 abc")


def test_weights_that_are_not_here_are_said_to_be_missing(tmp_path: Path) -> None:
    away = address_in(tmp_path, sam2={"weights": "sam2.1-hiera-tiny", "cache": str(tmp_path)})
    assert "not on the machine" in dict(given(away))["Weights of sam2"]


def test_machine_and_versions() -> None:
    assert {"Python", "samtrack", "numpy"} <= set(versions())
    facts = dict(machine())
    assert facts["Cores"].isdigit()
    assert facts["GPU"]


def test_times_are_those_that_snakemake_noted(tmp_path: Path) -> None:
    address = address_in(tmp_path)
    assert timings(address) == []
    folder = tmp_path / "benchmarks" / "01"
    (folder / "segment").mkdir(parents=True)
    head = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    for block, row in (
        ("00000-00002", "2.0\t-\t80\t0\t0\t0\t0\t0\t0\t1.5\n"),
        ("00002-00004", "3.0\t-\t90\t0\t0\t0\t0\t0\t0\t2.5\n"),
    ):
        (folder / "segment" / f"{block}.tsv").write_text(head + row)
    (folder / "report.tsv").write_text(head + "3.0\t-\t90\t0\t0\t0\t0\t0\t0\t2.5\n")
    (time,) = timings(address)
    assert (time.stage, time.jobs, time.seconds, time.cpu_seconds, time.memory_mb) == ("segment", 2, 5.0, 4.0, 90.0)

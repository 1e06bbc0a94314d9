"""How well, and how fast, does samtrack link masks whose identities it does not know?

    python benchmarks/bench_linking.py CASES              every input below the folder, and what each part brings
    python benchmarks/bench_linking.py CASES --quick      without the ablation
    python benchmarks/bench_linking.py CASES --networks   by motion, by SAM 2, by both: every measure
    make bench-linking CASES=DIR

CASES holds ``cases.json``, and one folder per case with ``INPUT/mask<i>.tif`` (masks without identities, one folder per
input) and ``GT`` (the truth in CTC layout); the images lie in ``DATASET/SEQUENCE`` below ``--images`` (default: ``data``
beside CASES). One configuration serves all inputs; only the voxel size differs; missing masks are interpolated.
``linking_peers.json`` holds what other systems reach on the same masks. Scores are those of ``samtrack evaluate``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import common
import numpy as np

# Groups of facts whose curves an ablation takes out of the shipped model (a curve's mean is 0: the fact is "unknown" then).
GROUPS = {
    "overlap": "iou overlap iou_lead_of_target iou_lead_of_source covered_less",
    "distance": "distance surprise margin_of_target margin_of_source rank_of_target rank_of_source midpoint farther",
    "look": "intensity_oddness texture_oddness likeness intensity_shift texture_shift intensity_likeness mother_brightness "
    "daughters_brightness brightness_asymmetry daughters_texture texture_asymmetry mother_brightens",
    "size and shape": "size_gain size_loss size_oddness elongation_change size_shift size_excess size_deficit "
    "size_asymmetry daughters_size daughters_smaller sum_excess sum_deficit asymmetry mother_shrinks mother_rounds",
    "history": "off_past off_future lived lives mother_age mother_lived daughters_live apart_later",
    "rates": "loss_rate start_rate division_rate",
}
ALONE = Path(__file__).parent / "link_model_sam2_alone.json"  # samtrack train links --sam2 only
VARIANTS: dict[str, dict[str, Any]] = {
    "all": {},
    "SAM 2 and motion": {"settings": ["link.sam2=on"]},
    "SAM 2 alone": {"settings": [f"link.model={ALONE}", "associate.second_look=false", "link.sam2=on"]},
    "one decision": {"settings": ["associate.second_look=false"]},
    "greedy": {"settings": ["associate.linker=greedy"]},
    "no filling": {"settings": ["fill.method=none"]},
    "no gaps": {"settings": ["link.max_gap_frames=0", "link.long_gap_frames=0"]},
    "no shared masks": {"settings": ["link.merges=false"]},
    "no motion field": {"still": True},
    "no images": {"blind": True},
    **{f"no {name}": {"without": facts.split()} for name, facts in GROUPS.items()},
}
NETWORKS = ("all", "SAM 2 and motion", "SAM 2 alone", "one decision")
MEASURES = ("LNK", "BIO", "CHOTA", "TRA", "CT", "TF", "BC(0)", "CCA", "divF1(0)", "divF1(1)")
PACKAGES = ("samtrack", "numpy", "scipy")


def inputs_of(cases: Path, images: Path) -> list[dict[str, Any]]:
    """Every input below the folder: its name, masks, images, truth and voxel size."""
    found = []
    for case, facts in json.loads((cases / "cases.json").read_text(encoding="utf-8")).items():
        names = [facts["dataset"], facts["dataset"].replace("_", "-")]
        folder = next((images / name / facts["seq"] for name in names if (images / name / facts["seq"]).is_dir()), None)
        if folder is None:
            sys.exit(
                f"{images}: holds no {names[0]}/{facts['seq']}, the images of {case}; give their folder by --images."
            )
        voxel = [facts["aniso"], 1.0, 1.0] if len(facts["shape"]) == 3 else [1.0, 1.0]
        for grade in facts["grades"]:
            found.append(
                {
                    "name": f"{case}/{grade}",
                    "masks": str(cases / case / grade),
                    "images": str(folder),
                    "truth": str(cases / case / "GT"),
                    "voxel": voxel,
                    "frames": facts["frames"],
                }
            )
    return found


def track(task: dict[str, Any], variants: list[str], scratch: str) -> dict[str, dict[str, float]]:
    """Scores and seconds of one input in several variants; what comes before linking is done once."""
    from samtrack.config import build_config
    from samtrack.stages.address import Address
    from samtrack.stages.ingest import run_ingest
    from samtrack.stages.measure import run_measure, run_summarise
    from samtrack.stages.plan import complete
    from samtrack.stages.propagate import run_propagate
    from samtrack.stages.segment import run_segment

    out = Path(scratch) / task["name"].replace("/", "_")
    raw = {
        "dataset": "linking",
        "out": str(out),
        "movie": {"um_per_voxel": task["voxel"]},
        "segment": {"method": "given"},
        "fill": {"method": "shape"},  # links are the question, and this takes no time
        "resources": {"workers": 1},  # there are as many inputs at work as cores
        "sequences": [{"name": "01", "images": task["images"], "masks": task["masks"], "truth": task["truth"]}],
    }
    config = complete(build_config(raw))
    address = Address(config, config.sequences[0])
    run_ingest(address.sources.images, address.layout.movie, config, address.sequence.frames)
    for name in address.names:
        run_segment(address, name)
        run_measure(address, name)
    run_summarise(address)
    if "SAM 2 and motion" in variants:
        for name in address.names:
            run_propagate(address, name)
    return {variant: _variant(raw, variant, task) for variant in variants}


def _variant(raw: dict[str, Any], name: str, task: dict[str, Any]) -> dict[str, float]:
    """Link, decide, fill, write and score one variant; seconds are those of link and associate."""
    from samtrack.config import build_config
    from samtrack.config.load import merge, parse_override
    from samtrack.stages.address import Address
    from samtrack.stages.associate import run_associate
    from samtrack.stages.evaluate import run_evaluate
    from samtrack.stages.export import run_export_ctc, run_export_tracks
    from samtrack.stages.fill import run_fill
    from samtrack.stages.link import run_link
    from samtrack.stages.plan import complete

    changes = VARIANTS[name]
    for override in changes.get("settings", []):
        raw = merge(raw, parse_override(override))
    if "without" in changes:
        model = Path(raw["out"]) / "model.json"
        whole = build_config(raw)
        model.write_text(
            json.dumps(_without(changes["without"], whole.links_with_sam2(whole.sequences[0]))), encoding="utf-8"
        )
        raw = merge(raw, {"link": {"model": str(model)}})
    config = complete(build_config(raw))
    address = Address(config, config.sequences[0])
    seconds = time.perf_counter()
    with _Changed(changes):
        for block in address.names:
            run_link(address, block)
        run_associate(address)
    seconds = time.perf_counter() - seconds
    for block in address.names:
        run_fill(address, block)
    run_export_tracks(address)
    run_export_ctc(address)
    scores = run_evaluate(address.layout.result, Path(task["truth"]), None, "linking", "01", config.evaluate, 1)
    values = {k: float(v) for k, v in scores.values.items() if v is not None}
    parts = [values[k] for k in ("CT", "TF", "BC(0)", "CCA") if k in values]
    return {**{k: values[k] for k in MEASURES if k in values}, "BIO": float(np.mean(parts)), "seconds": seconds}


class _Changed:
    """The linker without images, or without any motion, while a variant runs."""

    def __init__(self, changes: dict[str, Any]) -> None:
        self._changes = changes

    def __enter__(self) -> None:
        import samtrack.link.propose as propose
        import samtrack.stages.link as stage

        self._kept = (stage.open_image, propose.estimate_motion)
        if self._changes.get("blind"):
            stage.open_image = lambda _: None
        if self._changes.get("still"):
            propose.estimate_motion = _no_motion

    def __exit__(self, *_: object) -> None:
        import samtrack.link.propose as propose
        import samtrack.stages.link as stage

        stage.open_image, propose.estimate_motion = self._kept


def _no_motion(source: Any, target: Any, radius_um: float, gate_um: float, guesses: Any = ()) -> Any:
    """Every cell expected where it was; scatter and matches as measured."""
    from samtrack.link.motion import estimate_motion

    moved = estimate_motion(source, target, radius_um, gate_um, guesses)
    return replace(moved, expected_um=source.centre_um.copy(), shift_um=np.zeros_like(moved.shift_um))


def _without(facts: list[str], with_sam: bool) -> dict[str, Any]:
    """The shipped model without the curves of some facts."""
    from samtrack.link.calibrate import default_plain

    plain = default_plain(with_sam)
    for model in plain["models"].values():
        model["curves"] = [c for c in model["curves"] if c["fact"] not in facts]
    return plain


def compare(results: dict[str, dict[str, dict[str, float]]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the table beside the peers, and of the ablation (means over the inputs, less those of the whole)."""
    peers = json.loads((Path(__file__).parent / "linking_peers.json").read_text(encoding="utf-8"))
    rows = []
    for name, variants in results.items():
        ours, best, most = variants["all"], peers["best_peer"].get(name, {}), peers["oracle_fill"].get(name, {})
        row: dict[str, Any] = {"input": name, "seconds": round(ours["seconds"], 1)}
        for measure in ("LNK", "BIO", "CHOTA"):
            row[measure] = f"{ours[measure]:.4f}"
            row[f"{measure} peer"] = f"{best[measure]:.4f}" if best else None
            row[f"{measure} most"] = f"{most[measure]:.4f}" if most else None
        row |= {"BC(0)": f"{ours['BC(0)']:.3f}", "BC peer": best.get("BC")}
        row |= {k: f"{ours.get(k, float('nan')):.3f}" for k in ("divF1(0)", "divF1(1)")}
        rows.append(row)
    ablation = []
    for variant in next(iter(results.values())):
        row = {"variant": variant}
        for measure in ("LNK", "BIO", "CHOTA", "BC(0)"):
            found = [v[variant][measure] - (v["all"][measure] if variant != "all" else 0) for v in results.values()]
            row[measure] = f"{np.mean(found):+.4f}" if variant != "all" else f"{np.mean(found):.4f}"
        ablation.append(row)
    return rows, ablation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path, nargs="?", default=os.environ.get("CASES"), help="folder of the cases")
    parser.add_argument("--images", type=Path, help="folder of the images (default: data beside CASES)")
    parser.add_argument("--quick", action="store_true", help="no ablation")
    parser.add_argument("--networks", action="store_true", help="motion, SAM 2 and both, every measure; no ablation")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="inputs whose name holds TEXT")
    args = parser.parse_args()
    if not args.cases:
        print(
            "bench-linking needs recorded movies, which samtrack does not ship: make bench-linking CASES=DIR. Skipped."
        )
        return
    tasks = inputs_of(args.cases.resolve(), (args.images or args.cases.resolve().parent / "data"))
    tasks = [t for t in tasks if not args.only or any(text in t["name"] for text in args.only)]
    variants = ["all"] if args.quick else list(NETWORKS) if args.networks else list(VARIANTS)
    with tempfile.TemporaryDirectory() as scratch, ProcessPoolExecutor(os.cpu_count()) as pool:
        order = sorted(tasks, key=lambda t: -t["frames"])
        done = list(pool.map(track, order, [variants] * len(order), [scratch] * len(order)))
    by_name = {task["name"]: scores for task, scores in zip(order, done, strict=True)}
    results = {task["name"]: by_name[task["name"]] for task in tasks}
    rows, ablation = compare(results)
    print(common.table(rows, {key: key for key in rows[0]}))
    if args.networks:
        every = [
            {
                "input": name,
                "by": variant,
                **{k: f"{values.get(k, float('nan')):.4f}" for k in ("LNK", "BIO", *MEASURES[2:])},
            }
            for name, variants in results.items()
            for variant, values in variants.items()
        ]
        print(common.table(every, {key: key for key in every[0]}))
    for measure in ("LNK", "BIO", "CHOTA"):
        ours, peer, most = (
            np.mean([float(r[k]) for r in rows]) for k in (measure, f"{measure} peer", f"{measure} most")
        )
        share = (ours - peer) / (most - peer)
        print(f"{measure}: mean {ours:.4f}, best peers {peer:.4f}, oracle {most:.4f}: {share:.0%} of the way closed")
    if not args.quick:
        print(common.table(ablation, {key: key for key in ablation[0]}))
        content = {"machine": common.machine(), "commit": common.commit(), "versions": common.versions(*PACKAGES)}
        print("written:", common.save("linking", content | {"inputs": results}))


if __name__ == "__main__":
    main()

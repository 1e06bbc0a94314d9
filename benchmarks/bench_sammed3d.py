"""SAM-Med3D: what folding its windows saves, and how many seeds per second one encoding serves.

    python benchmarks/bench_sammed3d.py              both networks: about five minutes
    python benchmarks/bench_sammed3d.py --quick      the small one, few seeds; nothing is saved
    make bench-sammed3d

`published` is the architecture of sam_med3d_turbo.pth, `small` that of samtrack-tiny-3d; random weights, for only time and
memory are measured. One thread, CPU seconds. The seed's way encodes a block for every click, with whole windows.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import cache
from typing import Any

import common
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from samtrack.models.sammed3d.build import random_model
from samtrack.models.sammed3d.engine import SamMed3DEngine, Use3D
from samtrack.models.sammed3d.sizes import Sizes

SMALL = Sizes(
    image_px=64,
    patch_px=8,
    width=192,
    heads=6,
    windows=(0,) * 6,
    channels=192,
    decoder_heads=4,
    decoder_mlp=512,
    iou_width=128,
)
NETWORKS = {"published": Sizes(), "small": SMALL}
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
SEEDS = (1, 10, 100)
PACKAGES = ("samtrack", "torch", "numpy")
ROUNDS = 3


@cache
def engine(name: str, precision: str = "float32", folds: bool = True) -> SamMed3DEngine:
    use = Use3D(torch.device("cpu"), PRECISIONS[precision], folds=folds)
    return SamMed3DEngine(random_model(NETWORKS[name]), use)


def tile_of(name: str) -> Any:
    side = NETWORKS[name].image_px
    return np.random.default_rng(1).uniform(0.1, 1, (side,) * 3).astype(np.float32)


def prepare(name: str, precision: str, folds: bool) -> None:
    """The network and what else lies in memory before a tile is seen."""
    torch.set_num_threads(1)
    engine(name, precision, folds)
    torch.nn.functional.scaled_dot_product_attention(*torch.zeros(3, 1, 1, 4, 8))


def see(name: str, precision: str, folds: bool) -> float:
    """CPU seconds of the fastest of a few encodings."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        engine(name, precision, folds).look([tile_of(name)])
        seconds.append(time.process_time() - start)
    return min(seconds)


def operations(name: str, folds: bool) -> tuple[float, float]:
    """Multiply-adds (counted as 2) of an encoding in GFLOP, and the largest attention matrix in MB (float32)."""
    sizes = NETWORKS[name]
    network = random_model(sizes)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network.see(torch.zeros(1, 1, *(sizes.image_px,) * 3), folds)
    sides = [sizes.grid if folds or not window else max(window, sizes.grid) for window in sizes.windows]
    keys = [side**3 + (window > sizes.grid and folds) for side, window in zip(sides, sizes.windows, strict=True)]
    pairs = [side**3 * key for side, key in zip(sides, keys, strict=True)]
    # the counter leaves out attention on a CPU: two products of width numbers for each query and key
    flop = counter.get_total_flops() + 4 * sizes.width * sum(pairs)
    return flop / 1e9, 4 * sizes.heads * max(pairs) / 1e6


def encoder(names: list[str]) -> list[dict[str, Any]]:
    """Time, operations and memory of one encoding, folded and plain."""
    rows = []
    for name in names:
        ways = (False, True) if any(NETWORKS[name].windows) else (True,)
        for precision in PRECISIONS:
            for folds in ways:
                found = common.measured("bench_sammed3d", "see", (name, precision, folds), "prepare")
                gflop, attention_mb = operations(name, folds)
                row = {"network": name, "numbers": precision, "way": "folded" if folds and len(ways) > 1 else "plain"}
                row |= {"seconds": found["value"], "gflop": gflop, "attention_mb": attention_mb}
                rows.append(row | {"added_mb": found["peak_mb"] - found["before_mb"], "peak_mb": found["peak_mb"]})
                sys.stderr.write(f"{rows[-1]}\n")
    return rows


def seeds(names: list[str], counts: tuple[int, ...]) -> list[dict[str, Any]]:
    """Seeds per second of one tile, encoded once for all or once for each."""
    torch.set_num_threads(1)
    rows = []
    for name in names:
        plain, tile, rng = (
            engine(name, "float32", not any(NETWORKS[name].windows)),
            tile_of(name),
            np.random.default_rng(2),
        )
        side = plain.side

        def ask(asked: SamMed3DEngine, n: int, tile: Any = tile, side: int = side, rng: Any = rng) -> float:
            start = time.process_time()
            (seen,) = asked.look([tile])
            asked.ask(seen, rng.uniform(0, side, (n, 1, 3)), np.ones((n, 1), dtype=np.int64))
            return time.process_time() - start

        each = min(ask(plain, 1) for _ in range(ROUNDS))
        rows.append({"network": name, "way": "one encoding per click", "seeds": 1, "per_s": 1 / each, "ratio": 1.0})
        for precision in PRECISIONS:
            ours = engine(name, precision)
            for n in counts:
                seconds = min(ask(ours, n) for _ in range(1 if n > 10 else ROUNDS))
                row = {"network": name, "way": precision, "seeds": n, "per_s": n / seconds, "ratio": n * each / seconds}
                rows.append(row)
                sys.stderr.write(f"{row}\n")
    return rows


COLUMNS = {
    "encoder": {
        "network": "network",
        "numbers": "numbers",
        "way": "way",
        "seconds": "s per tile",
        "gflop": "GFLOP",
        "attention_mb": "attention matrix MB",
        "added_mb": "added MB",
        "peak_mb": "peak MB",
    },
    "seeds": {"network": "network", "way": "way", "seeds": "seeds", "per_s": "seeds/s", "ratio": "x one by one"},
}


def main() -> None:
    """Run, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less than a minute; nothing is saved")
    options = parser.parse_args()
    names = ["small"] if options.quick else list(NETWORKS)
    facts = {"machine": common.machine(), "versions": common.versions(*PACKAGES), "commit": common.commit()}
    tables = {"encoder": encoder(names), "seeds": seeds(names, SEEDS[:2] if options.quick else SEEDS)}
    for name, rows in tables.items():
        sys.stdout.write(f"\n{name}\n{common.table(rows, COLUMNS[name])}\n")
    if not options.quick:
        common.save("sammed3d", {**facts, "threads": 1, **tables})


if __name__ == "__main__":
    main()

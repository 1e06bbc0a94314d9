"""What the benchmarks share: facts about machine and code, a fresh process per measurement, tables, results as JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

os.environ.setdefault("GOMP_SPINCOUNT", "20000")  # as the command line does

RESULTS = Path(__file__).parent / "results"

_CHILD = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, {folder!r})
import {module} as bench
prepared = bench.{prepare}(*{arguments!r}) if {prepare!r} else None
def memory(what):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) * 1024 / 1e6
before = memory("VmRSS:")
start, cpu = time.perf_counter(), time.process_time()
value = bench.{function}(*{arguments!r})
print(json.dumps(dict(seconds=time.perf_counter() - start, cpu_seconds=time.process_time() - cpu,
                      peak_mb=memory("VmHWM:"), before_mb=before, value=value)))
"""


def measured(module: str, function: str, arguments: Sequence[Any], prepare: str = "") -> dict[str, Any]:
    """Call ``module.function(*arguments)`` in a fresh process: seconds, CPU seconds, peak memory in MB, what it returned.

    ``prepare`` names a function called first with the same arguments, outside of the measured time (imports, say).
    The peak is that of the process itself (VmHWM), so nothing of this one is counted.
    """
    fields = {"module": module, "function": function, "prepare": prepare, "arguments": list(arguments)}
    code = _CHILD.format(folder=str(Path(__file__).parent), **fields)
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def median(runs: Sequence[dict[str, Any]], key: str) -> float:
    """Median of one quantity over repeated measurements."""
    return float(statistics.median(run[key] for run in runs))


def machine() -> dict[str, Any]:
    """Facts about the machine that numbers depend on."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), cpu)
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {"cpu": cpu, "cores": os.cpu_count(), "memory_gb": round(memory_gb, 1), "load_at_start": os.getloadavg()[0]}


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of packages."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in packages}}


def commit() -> str:
    """The commit of the working tree, with ``+`` if files differ from it."""
    here = Path(__file__).parent
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True)
    changed = subprocess.run(["git", "status", "--porcelain"], cwd=here, capture_output=True, text=True)
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def table(rows: Sequence[dict[str, Any]], columns: dict[str, str]) -> str:
    """Rows as a Markdown table; ``columns`` maps keys to headings. Numbers get three digits."""
    texts = [[_text(row.get(key)) for key in columns] for row in rows]
    widths = [max(len(h), *(len(t[i]) for t in texts)) for i, h in enumerate(columns.values())]
    lines = [list(columns.values()), ["-" * w for w in widths], *texts]
    return "\n".join("| " + " | ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)) + " |" for line in lines)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)


def save(name: str, content: dict[str, Any]) -> Path:
    """Write results to ``results/NAME.json``."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path

"""What the kernel's control groups allow this process: containers, batch systems and systemd set limits there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UNLIMITED_BYTES = 1 << 60
"""From here on a number of bytes means no limit (version 1 writes the largest number there is)."""


@dataclass(frozen=True, slots=True)
class Cgroups:
    """Where the kernel tells the groups of this process, and where they are mounted."""

    membership: Path = Path("/proc/self/cgroup")
    mount: Path = Path("/sys/fs/cgroup")

    def memory_limit(self) -> int | None:
        """Bytes that this process and its siblings may use together; None where nothing limits them."""
        texts = [_text(folder / "memory.max") for folder in self._folders("")]
        texts += [_text(folder / "memory.limit_in_bytes") for folder in self._folders("memory")]
        limits = [int(text) for text in texts if text.isdigit() and int(text) < UNLIMITED_BYTES]
        return min(limits, default=None)

    def cpu_limit(self) -> float | None:
        """Cores' worth of time that they may use together; None where nothing limits them."""
        pairs = [_text(folder / "cpu.max").split() for folder in self._folders("")]
        pairs += [
            [_text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")] for folder in self._folders("cpu")
        ]
        limits = [int(pair[0]) / int(pair[1]) for pair in pairs if len(pair) == 2 and all(map(str.isdigit, pair))]
        return min(limits, default=None)

    def _folders(self, controller: str) -> Iterator[Path]:
        """The folder of this process's group and those above it; limits of all of them hold. "" is version 2."""
        for line in _text(self.membership).splitlines():
            _, controllers, path = line.split(":", 2)
            if controller not in controllers.split(","):
                continue
            names = (controllers, controller) if controller else ("", "unified")
            tops = [self.mount / name for name in names]
            for top in dict.fromkeys(tops):
                group = Path(path.lstrip("/"))
                yield from (top / above for above in [group, *group.parents])


def _text(path: Path) -> str:
    """What a small file holds; nothing where it is not there or not for us (both are usual)."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""

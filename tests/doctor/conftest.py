"""Programs that answer as we want, put on a PATH of their own; profiles and configurations in files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from samtrack.config import build_config
from samtrack.doctor.finding import Finding
from samtrack.doctor.profile import read_profile
from samtrack.doctor.situation import Situation
from samtrack.io.cgroups import Cgroups

Program = Callable[[str, str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Write a shell script of a name, first on the PATH. Only the usual tools are left beside it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "cat", "sleep"):
        found = next(Path(p, tool) for p in ("/bin", "/usr/bin") if Path(p, tool).exists())
        (folder / tool).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))

    def write(name: str, text: str) -> None:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    return write


@pytest.fixture
def situation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Situation]:
    """A situation from plain settings, and from the keys of a profile."""

    def make(config: dict[str, Any] | None = None, profile: dict[str, Any] | None = None, **more: Any) -> Situation:
        settings = {"out": str(tmp_path / "out"), **(config or {})}
        names = []
        if profile is not None:
            (tmp_path / "profile").mkdir(exist_ok=True)
            (tmp_path / "profile" / "config.yaml").write_text(yaml.safe_dump(profile))
            names = [str(tmp_path / "profile")]
        found, _ = read_profile(names)
        more.setdefault("cgroups", Cgroups(tmp_path / "no", tmp_path / "no"))
        return Situation(build_config(settings), tmp_path / "config.yaml", found, **more)

    return make


@pytest.fixture
def read_only(tmp_path: Path) -> Path:
    """A folder in which nobody can make a file, not even root."""
    if os.geteuid() == 0:
        if sys.platform != "linux":
            pytest.skip("root may write anywhere here")
        return Path("/proc/self")
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    return folder


@pytest.fixture
def told() -> Callable[[Iterable[Finding]], dict[str, tuple[str, str]]]:
    """A function that turns findings into a table: what was checked, to verdict and everything that is said."""
    return lambda findings: {f.checked: (f.verdict.value, f"{f.found} {f.do}") for f in findings}

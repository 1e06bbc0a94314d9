"""Options and fixtures that all rooms' tests share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from samtrack.config import build_config
from samtrack.stages.address import Address
from samtrack.stages.plan import complete

# A slow moment of a busy machine is no fault of the code under test.
hypothesis.settings.register_profile("samtrack", deadline=None)
hypothesis.settings.load_profile("samtrack")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="accept today's results as the frozen ones")


def track_in_process(raw: dict[str, Any]) -> Address:
    """All stages of the first sequence of a configuration, one after the other, without Snakemake."""
    from samtrack.stages.associate import run_associate
    from samtrack.stages.export import run_export_ctc, run_export_tracks
    from samtrack.stages.fill import run_fill
    from samtrack.stages.ingest import run_ingest
    from samtrack.stages.link import run_link
    from samtrack.stages.measure import run_measure, run_summarise
    from samtrack.stages.segment import run_diameter, run_segment

    config = complete(build_config(raw))
    address = Address(config, config.sequences[0])
    if not address.layout.movie.exists():
        run_ingest(address.sources.images, address.layout.movie, config, address.sequence.frames)
    if address.measured_diameter:
        run_diameter(address)
    for name in address.names:
        run_segment(address, name)
        run_measure(address, name)
    run_summarise(address)
    for name in address.names:
        run_link(address, name)
    run_associate(address)
    for name in address.names:
        run_fill(address, name)
    run_export_tracks(address)
    if config.export.ctc:
        run_export_ctc(address)
    return address


@pytest.fixture(scope="session")
def track() -> Callable[[dict[str, Any]], Address]:
    """Run all stages in this process."""
    return track_in_process


def digests(folder: Path, *patterns: str) -> dict[str, str]:
    """Relative path → SHA-256 of every file below a folder that matches one of the patterns."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for pattern in patterns
        for path in sorted(folder.glob(pattern))
        if path.is_file() and not path.name.startswith(".snakemake")
    }


@pytest.fixture(scope="session")
def digest() -> Callable[..., dict[str, str]]:
    """Digests of files, for comparing two results byte for byte."""
    return digests

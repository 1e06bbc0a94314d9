"""The movies: can they be read, how many frames do they have, how large is a voxel, and do they fit the disk."""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Iterator

from samtrack.config import SequenceSettings
from samtrack.config.layout import sources_of
from samtrack.doctor.finding import Finding, note, ok, problem
from samtrack.doctor.situation import Situation
from samtrack.doctor.trial import existing
from samtrack.errors import SamtrackError
from samtrack.types import Box, Frames

SPACE_FACTOR = 1.5
"""Disk per byte of the images: once for OME-Zarr, which may not shrink, and half again for labels and tables, which do."""

TRIED_PX = 256
"""Side of the piece that is read of a frame: enough to see that a file is whole at its end, and read in no time."""


def check_movies(situation: Situation) -> Iterator[Finding]:
    """Every sequence of the configuration."""
    needed = 0
    if situation.path is None:
        return
    for sequence in situation.config.sequences:
        if sequence.simulate is not None:
            yield ok(f"movie {sequence.name}", "is simulated by the run")
            continue
        images = sources_of(situation.config, sequence).images
        if not images.exists():
            continue  # said by the check of the configuration
        findings, n_bytes = _check_movie(situation, sequence)
        needed += n_bytes
        yield from findings
    if needed:
        yield _judge_space(situation, needed)


def _check_movie(situation: Situation, sequence: SequenceSettings) -> tuple[list[Finding], int]:
    from samtrack.io.movies import open_movie  # opens TIFF and Zarr libraries: only where it is needed

    config = situation.config
    checked = f"movie {sequence.name}"
    quiet = logging.getLogger("samtrack")
    before = quiet.level
    quiet.setLevel(logging.ERROR)  # what it would warn of is found below
    try:
        frames = open_movie(sources_of(config, sequence).images, config.ingest, config.movie)
        for number in dict.fromkeys((0, frames.n_frames - 1)):
            frames.read(number, _piece(frames))
    except (SamtrackError, OSError) as error:
        return [problem(checked, " ".join(str(error).split()), "Do what it says.")], 0
    finally:
        quiet.setLevel(before)
    n_bytes = frames.n_frames * math.prod(frames.shape) * frames.dtype.itemsize
    shape = " x ".join(map(str, frames.shape))
    found = f"{frames.n_frames} frames of {shape}, {frames.dtype}, {n_bytes / 1e9:.3g} GB; first and last can be read"
    findings = [ok(checked, found)]
    if sequence.frames is not None and sequence.frames != frames.n_frames:
        found = f"{frames.n_frames}, but the configuration says {sequence.frames}"
        findings.append(problem(f"frames of {checked}", found, "Correct frames, or leave it out: it is counted then."))
    return [*findings, _judge_scale(checked, frames)], n_bytes


def _piece(frames: Frames) -> Box:
    """The last piece of a frame, in its last plane: there a file that was cut off has nothing."""
    sides = [1 if axis < len(frames.shape) - 2 else min(TRIED_PX, n) for axis, n in enumerate(frames.shape)]
    return Box(tuple(n - side for n, side in zip(frames.shape, sides, strict=True)), frames.shape)


def _judge_scale(checked: str, frames: Frames) -> Finding:
    told = " x ".join(f"{um:.4g}" for um in frames.scale.um_per_voxel)
    if frames.scale.is_calibrated:
        return ok(f"voxel size of {checked}", f"{told} µm")
    example = "[0.5, 0.5]" if len(frames.shape) == 2 else "[2.0, 0.5, 0.5]"
    do = f"Set movie.um_per_voxel, as in {example}: sizes and distances are micrometres."
    return note(f"voxel size of {checked}", "neither the files nor the configuration tell: 1 µm is assumed", do)


def _judge_space(situation: Situation, n_bytes: int) -> Finding:
    free = shutil.disk_usage(existing(situation.out)).free / 1e9
    needed = SPACE_FACTOR * n_bytes / 1e9
    found = f"{free:.1f} GB free at {situation.out}, the run may take about {needed:.3g}"
    if free < needed:
        return note("space for the movies", found, "Free space, or choose another `out`.")
    return ok("space for the movies", found)

"""Stage simulate: a recipe as a movie on disk, with its truth and with erroneous masks, as the CTC lays out its datasets.

Three folders appear, each whole or not at all: the pictures ``SEQ/``, the masks ``SEQ_ERR_SEG/``, and last the truth
``SEQ_GT/``. Frame by frame: memory does not grow with the movie.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from samtrack.config.simulate import SimulateSettings
from samtrack.errors import DataError
from samtrack.io.atomic import written_folder
from samtrack.io.ctc import SEG_PREFIX, TRACK_PREFIX, write_result_table
from samtrack.io.names import MAN_TRACK, MASK_FILE, SEG_FOLDER, TRA_FOLDER
from samtrack.io.tiff_write import write_tiff
from samtrack.simulate import SimulatedFrame, SimulatedMovie, simulate_movie
from samtrack.stages.address import told
from samtrack.stages.progress import Progress
from samtrack.submit import digits_for


@dataclass(frozen=True)
class Folders:
    """Where a sequence's pictures, erroneous masks and truth go."""

    images: Path
    masks: Path
    truth: Path

    @classmethod
    def of(cls, out: Path, sequence: str) -> Folders:
        """The folders of a sequence inside ``out``."""
        return cls(out / sequence, out / f"{sequence}_ERR_SEG", out / f"{sequence}_GT")

    def require_absent(self) -> None:
        """Raise if one of them is there already."""
        for folder in (self.images, self.masks, self.truth):
            if folder.exists():
                raise DataError(f"{folder}: is there already. Choose another folder, or allow to overwrite it.")


def run_simulate(settings: SimulateSettings, out: Path, sequence: str, overwrite: bool = False) -> None:
    """Write ``out/SEQ``, ``out/SEQ_ERR_SEG`` and ``out/SEQ_GT`` (TRA and SEG, man_track.txt) of a recipe."""
    final = Folders.of(out, sequence)
    if not overwrite:
        final.require_absent()
    with told(f"simulate {sequence}") as facts, ExitStack() as stack:
        movie = simulate_movie(settings)
        # left in reverse order: the truth, whose table says that all is there, gets its name last
        truth, masks, images = (
            stack.enter_context(written_folder(f)) for f in (final.truth, final.masks, final.images)
        )
        _write_movie(movie, Folders(images, masks, truth), sequence)
        facts += [f"{movie.n_frames} frames", f"{len(movie.tracks)} tracks", str(final.images)]


def _write_movie(movie: SimulatedMovie, folders: Folders, sequence: str) -> None:
    """All frames, then the table of tracks."""
    for name in (TRA_FOLDER, SEG_FOLDER):
        (folders.truth / name).mkdir()
    digits = digits_for(movie.n_frames, "auto")
    progress = Progress("simulate", movie.n_frames, sequence)
    for frame in range(movie.n_frames):
        _write_frame(movie, movie.frame(frame), folders, f"{frame:0{digits}d}")
        progress.step()
    write_result_table(folders.truth / TRA_FOLDER / MAN_TRACK, movie.tracks)


def _write_frame(movie: SimulatedMovie, made: SimulatedFrame, folders: Folders, number: str) -> None:
    """One frame's four files."""
    scale = movie.scale
    write_tiff(folders.images / f"t{number}.tif", made.image, scale.um_per_voxel, scale.minutes_per_frame)
    write_tiff(folders.masks / MASK_FILE.format(frame=int(number), digits=len(number)), made.masks)
    tracked = folders.truth / TRA_FOLDER / f"{TRACK_PREFIX}{number}.tif"
    write_tiff(tracked, made.truth)
    shutil.copyfile(tracked, folders.truth / SEG_FOLDER / f"{SEG_PREFIX}{number}.tif")

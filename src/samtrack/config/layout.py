"""Where everything of a run lies: the one place that rules, stages and people look it up.

Pure text: no folder is touched here. All paths are relative to the folder in which the run was started, unless
``out`` is absolute.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from samtrack.config.export import ExportFile
from samtrack.config.schema import Config, SequenceSettings

RUN_CONFIG = "run_config.yaml"
LOCK_FILE = ".samtrack.lock"
SLURM_FILE = ".samtrack.slurm"
"""In ``out``: the names that Slurm jobs of runs there go by, until a later run has seen that none is left."""

KEPT_TABLE = "kept.parquet"
"""In `Layout.followed`: which tracks are in the results."""

GEFF_METADATA = ".zattrs"
"""Of a GEFF graph (Zarr v2): its attributes."""

WEIGHTS_MARKS: dict[str, str] = {"sam2": "weights.sha256", "sammed3d": "weights_3d.sha256"}
"""In ``out``, by section of the network: what its weights summed to when the run made sure that they are here."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of one sequence below ``out``. ``block`` is a block's name, or a Snakemake wildcard in braces."""

    out: Path
    sequence: str

    @property
    def movie(self) -> Path:
        """OME-Zarr of the image; tracked labels are added to it under ``labels/tracks``."""
        return self.out / f"{self.sequence}.ome.zarr"

    @property
    def tracked(self) -> Path:
        """Label image of the tracks, inside the movie's OME-Zarr."""
        return self.movie / "labels" / "tracks"

    @property
    def work(self) -> Path:
        """Everything between ingest and result; may be deleted when the result is there."""
        return self.out / f"{self.sequence}_work"

    @property
    def result(self) -> Path:
        """CTC result: mask files and res_track.txt."""
        return self.out / f"{self.sequence}_RES"

    @property
    def diameter(self) -> Path:
        """Cell diameter measured on the movie, where the configuration gives none."""
        return self.work / "diameter.json"

    def labels(self, block: str) -> Path:
        """Label store of one block."""
        return self.work / "labels" / f"{block}.zarr"

    def detections(self, block: str) -> Path:
        """Detections of one block."""
        return self.work / "detections" / f"{block}.parquet"

    @property
    def typical(self) -> Path:
        """What is typical of the movie's cells."""
        return self.work / "typical.json"

    def evidence(self, block: str) -> Path:
        """What SAM 2 said of the cells of one block and of those that follow."""
        return self.work / "evidence" / f"{block}.parquet"

    def links(self, block: str) -> Path:
        """Proposed links of one block."""
        return self.work / "links" / f"{block}.parquet"

    def divisions(self, block: str) -> Path:
        """Proposed divisions of one block."""
        return self.work / "divisions" / f"{block}.parquet"

    def merges(self, block: str) -> Path:
        """Proposed merges of one block."""
        return self.work / "merges" / f"{block}.parquet"

    @property
    def decided(self) -> Path:
        """Folder of the decision: tracks, the track of each detection, links, divisions and merges with ``chosen``."""
        return self.work / "decided"

    @property
    def corrections(self) -> Path:
        """Corrections of people, which every decision keeps."""
        return self.out / f"{self.sequence}_corrections.csv"

    @property
    def followed(self) -> Path:
        """Folder of the lineages that are kept: which tracks, and where the cells of the first frame were found."""
        return self.work / "lineages"

    def patches(self, block: str) -> Path:
        """Filled masks of one block."""
        return self.work / "filled" / f"{block}.parquet"

    @property
    def table(self) -> Path:
        """One row per cell and frame, for programs."""
        return self.out / f"{self.sequence}_tracks.parquet"

    @property
    def table_csv(self) -> Path:
        """The same for people."""
        return self.out / f"{self.sequence}_tracks.csv"

    @property
    def geff(self) -> Path:
        """The tracks as a GEFF graph, for other programs."""
        return self.out / f"{self.sequence}_tracks.geff"

    @property
    def trackmate(self) -> Path:
        """The tracks as XML for TrackMate."""
        return self.out / f"{self.sequence}_trackmate.xml"

    def export_file(self, kind: ExportFile) -> Path:
        """What appears last of a file for other programs: it or, of a GEFF graph, its metadata."""
        return self.geff / GEFF_METADATA if kind == "geff" else self.trackmate

    @property
    def problems(self) -> Path:
        """What `samtrack validate` found: empty if nothing."""
        return self.out / f"{self.sequence}_validation.txt"

    @property
    def scores(self) -> Path:
        """Scores against the truth, as JSON."""
        return self.out / f"{self.sequence}_scores.json"

    @property
    def scores_csv(self) -> Path:
        """The same as one row of CSV."""
        return self.out / f"{self.sequence}_scores.csv"

    @property
    def page(self) -> Path:
        """The report page."""
        return self.out / f"{self.sequence}_report.html"


@dataclass(frozen=True, slots=True)
class Sources:
    """What a sequence starts from; simulated ones start from what was simulated."""

    images: Path
    masks: Path | None
    truth: Path | None
    seeds: Path | None = None
    first_frame: Path | None = None


def sources_of(config: Config, sequence: SequenceSettings) -> Sources:
    """Paths of the images, of the given masks, of the truth, and of the points of a sequence."""
    seeds, first_frame = (Path(p) if p else None for p in (sequence.seeds, sequence.first_frame))
    if sequence.simulate is not None:
        made, name = Path(config.out) / "simulated", sequence.name
        return Sources(made / name, made / f"{name}_ERR_SEG", made / f"{name}_GT", seeds, first_frame)
    return Sources(
        Path(sequence.images or ""),
        Path(sequence.masks) if sequence.masks else None,
        Path(sequence.truth) if sequence.truth else None,
        seeds,
        first_frame,
    )


def pinned_path(config: Config, sequence: str) -> Path | None:
    """Where the corrections of a sequence lie, if there are any; None if none are to be kept."""
    named = config.associate.pinned
    if named == "none":
        return None
    return (
        Layout(Path(config.out), sequence).corrections
        if named == "auto"
        else Path(named.replace("{sequence}", sequence))
    )


def counts_folder(out: Path) -> Path:
    """Folder in which the jobs of a run leave how many frames they have done."""
    return out / "logs" / ".counts"


def progress_log(out: Path) -> Path:
    """What runs told of their progress."""
    return out / "logs" / "progress.log"


def trained_folder(config: Config) -> Path:
    """Folder of the network that the run fine-tunes."""
    return Path(config.out) / "weights" / config.train3d.name

"""The whole configuration of a dataset: its sequences and one section per stage."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from samtrack.config.associate import AssociateSettings
from samtrack.config.evaluate import EvaluateSettings
from samtrack.config.export import ExportSettings
from samtrack.config.fill import FillSettings, Sam2FillSettings
from samtrack.config.ingest import IngestSettings
from samtrack.config.link import LinkSettings
from samtrack.config.modes import MEANING, Mode, require_method
from samtrack.config.movie import MovieSettings
from samtrack.config.objects import ObjectsSettings
from samtrack.config.report import ReportSettings
from samtrack.config.resources import BlocksSettings, ResourcesSettings
from samtrack.config.sam2 import Sam2Settings
from samtrack.config.sammed3d import SamMed3DSettings
from samtrack.config.section import Section
from samtrack.config.seed_files import SeedFileSettings
from samtrack.config.segment import GivenSettings, SeedsSettings, SegmentSettings
from samtrack.config.simulate import SimulateSettings
from samtrack.config.train_sammed3d import Train3DSettings
from samtrack.errors import SettingsError

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")]


class SequenceSettings(Section):
    """One movie of the dataset. Relative paths count from the folder in which the run is started."""

    name: Name = Field(description="Name in all results: NAME_RES, NAME.ome.zarr. Quote it: '01', not 01.")
    images: str | None = Field(None, description="Folder of TIFF files, one TIFF file, or an OME-Zarr (0.4 or 0.5).")
    masks: str | None = Field(
        None, description="Folder of label images, one per frame; needed with segment.method: given."
    )
    seeds: str | None = Field(
        None,
        description="Points in the cells of every frame, for methods that draw masks around points (segment.seeds, mode: "
        "track): a folder of CSV files (TWANG, XPIWIT), a CSV or Parquet table, label images (TIFF, OME-Zarr), or GEFF.",
    )
    first_frame: str | None = Field(
        None,
        description="With lineages: from_first_frame the cells to follow: a label image of frame 0 (such as the truth's "
        "man_track000.tif), a JSON {label: [z, y, x]} in voxels, a CSV, or anything that seeds may be. null: all cells of "
        "frame 0.",
    )
    truth: str | None = Field(None, description="CTC truth folder (holding TRA and SEG) for evaluation.")
    frames: int | None = Field(
        None, ge=1, description="Number of frames. null: counted when the run is planned; a number is checked."
    )
    simulate: SimulateSettings | None = Field(
        None, description="Recipe of a simulated movie, in place of images; its truth is evaluated against."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.images is None) == (self.simulate is None):
            raise ValueError(f"sequence {self.name} needs exactly one of 'images' and 'simulate'")
        return self


class Config(Section):
    """Everything a run depends on, but for the data."""

    dataset: Name = Field("movie", description="Name of the dataset, in results and scores.")
    preset: str | None = Field(None, description="Named settings to start from; `samtrack run --help` lists them.")
    out: str = Field("results/movie", description="Folder of all results of this dataset.")
    sequences: tuple[SequenceSettings, ...] = Field((), description="The movies.")
    mode: Mode | None = Field(
        None,
        description="How movies are tracked, in one word that stands for segment.method and fill.method. link: the masks "
        "given are linked. link_and_generate: missing ones are drawn, too, by a network (sam2 in 2D, prompts3d in 3D). "
        "track: cells are found, or named by seeds, and all masks drawn by that network. null: as the sections say. "
        "[link | link_and_generate | track]",
    )
    lineages: Literal["all", "from_first_frame"] = Field(
        "all",
        description="Whose tracks the results hold. from_first_frame: of the cells that a sequence names as first_frame, "
        "and of their descendants; everything is tracked, and what is left out is counted. The challenge asks for it on "
        "Fluo-N3DL-DRO, -TRIC and -TRIF.",
    )
    movie: MovieSettings = Field(default_factory=MovieSettings)
    ingest: IngestSettings = Field(default_factory=IngestSettings)
    segment: SegmentSettings = Field(default_factory=SeedsSettings)
    objects: ObjectsSettings = Field(default_factory=ObjectsSettings)
    link: LinkSettings = Field(default_factory=LinkSettings)
    associate: AssociateSettings = Field(default_factory=AssociateSettings)
    fill: FillSettings = Field(default_factory=Sam2FillSettings)
    sam2: Sam2Settings = Field(default_factory=Sam2Settings)
    sammed3d: SamMed3DSettings = Field(default_factory=SamMed3DSettings)
    train3d: Train3DSettings = Field(default_factory=Train3DSettings)
    export: ExportSettings = Field(default_factory=ExportSettings)
    evaluate: EvaluateSettings = Field(default_factory=EvaluateSettings)
    report: ReportSettings = Field(default_factory=ReportSettings)
    blocks: BlocksSettings = Field(default_factory=BlocksSettings)
    resources: ResourcesSettings = Field(default_factory=ResourcesSettings)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [s.name for s in self.sequences]
        doubled = sorted({n for n in names if names.count(n) > 1})
        if doubled:
            raise ValueError(f"sequence names must differ, found twice: {', '.join(doubled)}")
        self._fits_mode()
        for sequence in self.sequences:
            if self.reads_seeds and sequence.seeds is None:
                raise ValueError(
                    f"segment.seeds.method is 'file' but sequence {sequence.name} names no seeds; add seeds, or choose "
                    "segment.seeds.method: seeds"
                )
            if isinstance(self.segment, GivenSettings) and sequence.masks is None and sequence.simulate is None:
                raise ValueError(
                    f"segment.method is 'given' but sequence {sequence.name} names no masks; "
                    "add masks, or choose segment.method: seeds"
                )
        return self

    def _fits_mode(self) -> None:
        """Raise if a section contradicts the mode, or if it wants masks and a sequence has none."""
        if self.mode is None:
            return
        require_method(self.mode, "segment", self.segment.method)
        require_method(self.mode, "fill", self.fill.method)
        lacking = [s.name for s in self.sequences if s.masks is None and s.simulate is None]
        if lacking and isinstance(self.segment, GivenSettings):
            raise ValueError(
                f"mode is {self.mode!r}, which {MEANING[self.mode]}, but sequence {', '.join(lacking)} names no masks; add "
                "masks, or choose mode: track"
            )

    @property
    def reads_seeds(self) -> bool:
        """Whether the cells are where the sequences' seeds say."""
        return isinstance(getattr(self.segment, "seeds", None), SeedFileSettings)

    def links_with_sam2(self, sequence: SequenceSettings) -> bool:
        """Whether links of a sequence are proposed with what SAM 2 says of its cells: if so set, else if it has images."""
        has_images = sequence.simulate is not None or sequence.images != sequence.masks
        return self.link.sam2 == "on" or (self.link.sam2 == "auto" and has_images)

    def sequence(self, name: str) -> SequenceSettings:
        """The settings of one sequence."""
        for sequence in self.sequences:
            if sequence.name == name:
                return sequence
        known = ", ".join(s.name for s in self.sequences) or "none"
        raise SettingsError(f"sequence {name!r} is not in this configuration, which has: {known}.")

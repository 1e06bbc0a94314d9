"""Which part of which movie a stage works on, and where its files lie."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from samtrack.blocks import blocks_covering, frames_read_by, plan_blocks
from samtrack.config import Config, SequenceSettings
from samtrack.config.layout import KEPT_TABLE, Layout, Sources, sources_of
from samtrack.errors import PlanError, SettingsError
from samtrack.stages.forecast import length_of
from samtrack.types import Block, Span

log = logging.getLogger("samtrack")


@dataclass(frozen=True)
class Address:
    """One sequence of a configuration: its settings, its paths and its plan of blocks."""

    config: Config
    sequence: SequenceSettings
    layout: Layout = field(init=False)
    blocks: list[Block] = field(init=False)

    def __post_init__(self) -> None:
        if self.sequence.frames is None:
            raise SettingsError(f"sequence {self.sequence.name}: the number of frames is not known; set frames.")
        object.__setattr__(self, "layout", Layout(Path(self.config.out), self.sequence.name))
        object.__setattr__(self, "blocks", plan_blocks(self.sequence.frames, length_of(self.config)))

    @property
    def n_frames(self) -> int:
        """Frames of the movie."""
        return self.blocks[-1].core.stop

    @property
    def sources(self) -> Sources:
        """The user's files."""
        return sources_of(self.config, self.sequence)

    @property
    def recipe(self) -> str:
        """The recipe of a simulated sequence as text; empty for a real one."""
        return self.sequence.simulate.model_dump_json() if self.sequence.simulate else ""

    @property
    def made_by_us(self) -> list[str]:
        """The file whose presence says that the sequence has been simulated; none for a real one."""
        if self.sequence.simulate is None or self.sources.truth is None:
            return []
        return [str(self.sources.truth / "TRA" / "man_track.txt")]

    @property
    def measured_diameter(self) -> list[str]:
        """The file of the measured cell diameter; none where it is given or not needed."""
        needed = self.config.segment.method != "given" and self.config.movie.cell_diameter_um is None
        return [str(self.layout.diameter)] if needed else []

    @property
    def follows_some(self) -> bool:
        """Whether only the lineages of some cells of the first frame are in the results."""
        return self.config.lineages == "from_first_frame"

    @property
    def followed(self) -> list[str]:
        """The table that says which tracks are in the results; none where all are."""
        return [str(self.layout.followed / KEPT_TABLE)] if self.follows_some else []

    @property
    def asks_sam2(self) -> bool:
        """Whether links are proposed with what SAM 2 says of the cells."""
        return self.config.links_with_sam2(self.sequence)

    @property
    def is_evaluated(self) -> bool:
        """Whether there is a truth to compare the CTC result with."""
        return self.sources.truth is not None and self.config.export.ctc

    @property
    def files(self) -> list[str]:
        """The table of cells for people, and the files for other programs."""
        layout = self.layout
        return [str(layout.table_csv), *(str(layout.export_file(kind)) for kind in self.config.export.files)]

    @property
    def checks(self) -> list[str]:
        """What is known about the CTC result: its validation and, with a truth, its scores; none without one."""
        checks = [self.layout.problems] if self.config.export.ctc else []
        checks += [self.layout.scores] if self.is_evaluated else []
        return [str(path) for path in checks]

    def block(self, name: str) -> Block:
        """The block of a name, ``00000-00025``."""
        for block in self.blocks:
            if block.name == name:
                return block
        raise PlanError(
            f"block {name!r} is not in the plan of sequence {self.sequence.name} ({self.n_frames} frames in blocks of "
            f"{self.config.blocks.frames}): {self.blocks[0].name} … {self.blocks[-1].name}. Was blocks.frames changed?"
        )

    def neighbours(self, stage: str, core: Span) -> list[str]:
        """Names of the blocks that a stage reads for a core."""
        link = self.config.link
        frames = link.max_gap_frames, link.propagate_frames, link.long_gap_frames
        span = frames_read_by(core, self.n_frames, *frames)[stage]
        return [block.name for block in blocks_covering(self.blocks, span)]

    @property
    def names(self) -> list[str]:
        """Names of all blocks, in order."""
        return [block.name for block in self.blocks]


@contextmanager
def told(what: str) -> Iterator[list[str]]:
    """Log one line when a piece of work is done: what it was, the facts put into the list, and how long it took."""
    facts: list[str] = []
    start = time.perf_counter()
    yield facts
    log.info("%s: %s, %.1f s", what, ", ".join(facts), time.perf_counter() - start)

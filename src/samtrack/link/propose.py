"""The room's door: from detections and label frames to proposed links, divisions and merges, each with a probability.

Every number of a proposal depends on the frames from its first cell to its last and on the frame before its last, never on
where a block begins or ends. Frames are visited in order, so that at most ``max_gap_frames + 2`` label frames are held.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from samtrack.config.link import LinkSettings
from samtrack.link.appearance import Appearance
from samtrack.link.calibrate import SUREST, LinkModel, load_default_model, probability
from samtrack.link.candidates import find_candidates, gate_um
from samtrack.link.cells import split_by_frame
from samtrack.link.contest import CONTEST_FACTS, contest_facts
from samtrack.link.division import DivisionPairs, find_divisions
from samtrack.link.features import LINK_FACTS, FramePair, link_facts
from samtrack.link.merge import Judged, find_merges
from samtrack.link.motion import Motion, carry_on, estimate_motion
from samtrack.link.overlap import LabelStore, Overlap, measure_overlap
from samtrack.link.recent import RecentFrames
from samtrack.link.registration import Registration
from samtrack.link.rows import (
    DIVISION_COLUMNS,
    GAP_FACTS,
    LINK_COLUMNS,
    MERGE_COLUMNS,
    DivisionRows,
    LinkRows,
    Proposed,
    blank_facts,
    gather_tables,
)
from samtrack.link.sam_facts import (
    Said,
    division_sam_facts,
    link_sam_facts,
    merge_sam_facts,
)
from samtrack.types import MERGE_ROLES, Detections, Divisions, Evidence, Frames, Links, Merges, Span, Typical

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_CONTEST = slice(len(LINK_FACTS), len(LINK_FACTS) + len(CONTEST_FACTS))
_GAP = slice(_CONTEST.stop, _CONTEST.stop + len(GAP_FACTS))
_SAM = slice(_GAP.stop, len(LINK_COLUMNS))


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a movie beside its masks: its images, and what a network said of its cells."""

    images: Frames | None = None
    evidence: Evidence | None = None


def propose_links(
    seen: Frames | Seen | None,
    labels: Frames,
    detections: Detections,
    core: Span,
    typical: Typical,
    settings: LinkSettings,
    model: LinkModel | None = None,
) -> tuple[Links, Divisions, Merges]:
    """All links, divisions and merges whose first cell lies in a frame of ``core``, sorted by the cells they name."""
    return gather_tables(list(propose_frames(seen, labels, detections, core, typical, settings, model)), settings)


def propose_frames(
    seen: Frames | Seen | None,
    labels: Frames,
    detections: Detections,
    core: Span,
    typical: Typical,
    settings: LinkSettings,
    model: LinkModel | None = None,
) -> Iterator[Proposed]:
    """The same for each frame of ``core`` in turn; `gather_tables` makes tables of them.

    ``detections`` holds at least the frames from ``core.start`` to ``core.stop + max_gap_frames`` (inclusive, as far as the
    movie goes); links name its rows, and so does the evidence. ``seen``: images alone, or with a network's evidence.
    ``typical`` is of the whole movie. ``model``: None is the one that ships for what is seen.
    """
    seen = seen if isinstance(seen, Seen) else Seen(seen)
    model = model or load_default_model(seen.evidence is not None)
    proposer = _Proposer(seen, labels, detections, core, typical, settings, model)
    for frame in core.frames():
        found = proposer.next_frame(frame)
        yield Proposed([found.links, *proposer.over_gaps(frame)], found.divisions, proposer.under_one_mask(frame))
        proposer.forget_before(frame + 1)


@dataclass(frozen=True, slots=True)
class _Step:
    """What is known of two consecutive frames: proposals, motion, best log odds out of and into each cell."""

    links: LinkRows
    divisions: DivisionRows
    judged: Judged
    best_out: Floats
    best_in: Floats


class _Proposer:
    """Links frame pairs on demand, each once, and holds what later pairs need."""

    def __init__(
        self,
        seen: Seen,
        labels: Frames,
        detections: Detections,
        core: Span,
        typical: Typical,
        settings: LinkSettings,
        model: LinkModel,
    ) -> None:
        self._said = None if seen.evidence is None else Said(seen.evidence, detections)
        self._voxel_um = labels.scale.voxel_um
        self._voxel_size = labels.scale.size_per_voxel
        self._labels = LabelStore(labels)
        once = None if seen.images is None else RecentFrames(seen.images)
        self._looks = None if once is None else Appearance(once, typical.radius_um)
        self._registration = None if once is None else Registration(once, typical.radius_um)
        self._cells = split_by_frame(detections, range(core.start, core.stop + settings.max_gap_frames + 1))
        self._typical = typical
        self._settings = settings
        self._model = model
        self._steps: dict[int, _Step] = {}

    def forget_before(self, frame: int) -> None:
        """Let go of what no later source frame needs."""
        self._labels.forget_before(frame)
        for held in (self._looks, self._registration):
            if held:
                held.forget_before(frame)
        self._steps = {f: s for f, s in self._steps.items() if f >= frame}

    def next_frame(self, frame: int) -> _Step:
        """Links and divisions from a frame to the next one."""
        if frame not in self._steps:
            self._steps[frame] = self._step(frame)
        return self._steps[frame]

    def over_gaps(self, frame: int) -> list[LinkRows]:
        """Links from the unexplained cells of a frame to unexplained ones two or more frames on."""
        found = []
        for gap in range(1, self._settings.max_gap_frames + 1):
            target_frame = frame + 1 + gap
            best_out, best_in = self.next_frame(frame).best_out, self.next_frame(target_frame - 1).best_in
            is_open = tuple(probability(best) < self._settings.gap_if_below for best in (best_out, best_in))
            if not (is_open[0].any() and is_open[1].any()):
                continue
            steps = [(self._cells[f], self.next_frame(f).judged.pair.motion) for f in range(frame, target_frame)]
            motion = carry_on(steps, self._cells[target_frame], gate_um(self._typical, self._settings))
            pair = self._pair(frame, target_frame, motion, (is_open[0], is_open[1]))
            a, b = pair.candidates.pairs()
            facts = self._facts(pair)
            facts[:, _GAP] = np.stack([best_out[a], best_in[b]], axis=1)
            score = probability(self._model.gap.log_odds(facts, LINK_COLUMNS))
            found.append(LinkRows(pair.source.row[a], pair.target.row[b], score, facts))
        return found

    def under_one_mask(self, frame: int) -> Merges:
        """Pairs of cells of a frame that may share a mask of the next one and part in the one after."""
        if not self._settings.merges or self._settings.max_gap_frames == 0:
            return Merges.none(MERGE_COLUMNS)
        stories = find_merges(self.next_frame(frame).judged, self.next_frame(frame + 1).judged)
        cells = [self._cells[frame + step].row for step in (0, 0, 1, 2, 2)]
        rows = [of[getattr(stories, role)] for of, role in zip(cells, MERGE_ROLES, strict=True)]
        said = merge_sam_facts(self._said, (rows[0], rows[1]), rows[2], (rows[3], rows[4]))
        facts = np.concatenate([stories.facts, said], axis=1)
        return _merge_rows(rows, probability(self._model.merge.log_odds(facts, MERGE_COLUMNS)), facts)

    def _step(self, frame: int) -> _Step:
        pair = self._pair(frame, frame + 1, self._motion_to_next(frame), None)
        a, b = pair.candidates.pairs()
        facts = self._facts(pair)
        evidence = pair.candidates.spread_out(self._model.frame.log_odds(facts, LINK_COLUMNS), -SUREST)
        splits = self._divisions(pair, evidence)
        split_odds = self._model.division.log_odds(splits.facts, DIVISION_COLUMNS)
        facts[:, _CONTEST] = contest_facts(pair.candidates, evidence, splits, split_odds, len(pair.target))
        odds = self._model.contest.log_odds(facts, LINK_COLUMNS)
        links = LinkRows(pair.source.row[a], pair.target.row[b], probability(odds), facts)
        best_out, best_in = np.full(len(pair.source), -SUREST), np.full(len(pair.target), -SUREST)
        np.maximum.at(best_out, a, odds)
        np.maximum.at(best_in, b, odds)
        divisions = _division_rows(pair, splits, probability(split_odds))
        judged = Judged(pair, pair.candidates.spread_out(odds, -SUREST), splits, split_odds)
        return _Step(links, divisions, judged, best_out, best_in)

    def _facts(self, pair: FramePair) -> npt.NDArray[np.float32]:
        """The facts of a frame pair's links that need no other link, in the columns of the table."""
        a, b = pair.candidates.pairs()
        facts = blank_facts(len(a))
        facts[:, : _CONTEST.start] = link_facts(pair)
        facts[:, _SAM] = link_sam_facts(self._said, pair.source.row[a], pair.target.row[b])
        return facts

    def _divisions(self, pair: FramePair, evidence: Floats) -> DivisionPairs:
        """Pairs of daughters with all that is known of them."""
        splits = find_divisions(pair, evidence)
        target = pair.candidates.target
        daughters = [pair.target.row[target[splits.mother, c]] for c in (splits.column_a, splits.column_b)]
        said = division_sam_facts(self._said, pair.source.row[splits.mother], daughters[0], daughters[1])
        return replace(splits, facts=np.concatenate([splits.facts, said], axis=1))

    def _motion_to_next(self, frame: int) -> Motion:
        """Motion from a frame to the next one; the shift of the image is a guess where there are images."""
        source, target = self._cells[frame], self._cells[frame + 1]
        guesses = []
        if self._registration and len(source) and len(target):
            guesses.append(self._registration.shift_um(frame, frame + 1))
        return estimate_motion(source, target, self._typical.radius_um, gate_um(self._typical, self._settings), guesses)

    def _pair(
        self,
        source_frame: int,
        target_frame: int,
        motion: Motion,
        among: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]] | None,
    ) -> FramePair:
        """Candidates, overlaps and likeness of two frames; ``among``: which of their cells take part."""
        source, target = self._cells[source_frame], self._cells[target_frame]
        radius, gate = self._typical.radius_um, gate_um(self._typical, self._settings)
        candidates = find_candidates(motion, target, self._settings, gate, among)
        target_voxels = np.rint(target.size_um / self._voxel_size)
        overlap = Overlap.none(len(source), target_voxels)
        if candidates.is_real.any():
            step_px = np.rint((motion.expected_um - source.centre_um) / self._voxel_um).astype(np.int64)
            here, there = self._labels.read(source_frame, source), self._labels.read(target_frame, target)
            overlap = measure_overlap(here, there, step_px, target_voxels)
        looks = None
        if self._looks and candidates.is_real.any():
            looks = self._looks.read(source_frame, source), self._looks.read(target_frame, target)
        return FramePair(source, target, motion, candidates, overlap, radius, target_frame - source_frame - 1, looks)


def _division_rows(pair: FramePair, splits: DivisionPairs, score: Floats) -> DivisionRows:
    target = pair.candidates.target
    daughter_a = pair.target.row[target[splits.mother, splits.column_a]]
    daughter_b = pair.target.row[target[splits.mother, splits.column_b]]
    first, second = np.minimum(daughter_a, daughter_b), np.maximum(daughter_a, daughter_b)
    return DivisionRows(pair.source.row[splits.mother], first, second, score, splits.facts)


def _merge_rows(rows: list[Ints], score: Floats, facts: npt.NDArray[np.float32]) -> Merges:
    """The proposals as rows of the table; ``rows`` of the detections, role by role."""
    a, b, shared, c, d = rows
    swap = a > b
    before, after = (np.where(swap, b, a), np.where(swap, a, b)), (np.where(swap, d, c), np.where(swap, c, d))
    return Merges(before[0], before[1], shared, after[0], after[1], score, facts, MERGE_COLUMNS)

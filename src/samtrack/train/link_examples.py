"""From movies with a truth to examples: the facts of every proposal, and whether it is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from samtrack.associate import solve_tracks
from samtrack.config.associate import AssociateSettings
from samtrack.config.link import LinkSettings
from samtrack.link import FirstDecision, Seen, propose_links, review_proposals
from samtrack.link.calibrate import LinkModel, probability
from samtrack.link.facts import FACTS
from samtrack.link.review import AGAIN_FACTS, DIVISION_AGAIN_FACTS
from samtrack.types import Detections, Divisions, Evidence, Frames, Merges, Span, Typical

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SECOND = ("again", "gap_again", "division_again")
"""The models that are asked when a first decision is known; none of them sees what another says."""


@dataclass(frozen=True)
class Movie:
    """A movie as the linker gets it, and the true track of each detection (0: of no cell, or of none that is known).

    ``tracks`` is the true table (track, first frame, last frame, parent); ``held`` (n, 2) are the tracks of a mask that
    holds two cells, in order, else 0. ``is_complete`` is False where the truth may lack cells: then two masks that it
    knows nothing of say nothing. ``images`` is None where there are masks only, ``evidence`` where no network was asked.
    """

    labels: Frames
    detections: Detections
    typical: Typical
    track_of: Ints
    held: Ints
    tracks: Ints
    is_complete: bool = True
    images: Frames | None = None
    evidence: Evidence | None = None

    @property
    def seen(self) -> Seen:
        """What is known beside the masks."""
        return Seen(self.images, self.evidence)


@dataclass(frozen=True)
class Examples:
    """Facts of proposals (columns as in ``FACTS[model]``), whether each is true, and the probability given to it.

    ``first_frame`` and ``last_frame`` are the frames of its source and target.
    """

    facts: npt.NDArray[np.float32]
    is_true: Bools
    score: Floats
    first_frame: Ints
    last_frame: Ints

    def __len__(self) -> int:
        return len(self.is_true)

    @property
    def n_true(self) -> int:
        """Number of true proposals."""
        return int(np.count_nonzero(self.is_true))

    @property
    def counts(self) -> dict[str, int]:
        """Number of proposals and of true ones, for a model's card."""
        return {"proposals": len(self), "true": self.n_true}

    def take(self, which: Bools) -> Examples:
        """Some of the examples."""
        return Examples(*(getattr(self, field.name)[which] for field in fields(self)))

    def within(self, span: Span) -> Examples:
        """The examples all of whose cells lie in some frames, so that two spans never share a cell."""
        return self.take((self.first_frame >= span.start) & (self.last_frame < span.stop))

    @classmethod
    def concatenate(cls, parts: Sequence[Examples]) -> Examples:
        """The examples of several movies together."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


def examples_of(
    movie: Movie, model: LinkModel, settings: LinkSettings | None = None, names: Sequence[str] = tuple(FACTS)
) -> dict[str, Examples]:
    """All that the linker proposes for a movie, for each of the models ``names``."""
    first, settings = [name for name in names if name not in SECOND], settings or LinkSettings()
    found = _first_examples(movie, model, settings) if first else {}
    if len(first) < len(names):
        found |= _second_examples(movie, model, settings)
    return {name: found[name] for name in names}


def _first_examples(movie: Movie, model: LinkModel, settings: LinkSettings) -> dict[str, Examples]:
    """Proposals by what two frames show; the contest's score is the one of links to the next frame."""
    settings = settings.model_copy(update={"min_probability": 0.0})
    span = Span(0, movie.labels.n_frames)
    links, splits, merges = propose_links(
        movie.seen, movie.labels, movie.detections, span, movie.typical, settings, model
    )
    columns = {name: links.features[:, i] for i, name in enumerate(links.feature_names)}
    frame = movie.detections.frame
    when = frame[links.source], frame[links.target]
    is_gap = columns["gap"] > 0
    truth = true_links(frame, movie.track_of, movie.tracks, links.source, links.target)
    known = is_known(movie, links.source, links.target)
    found = {"division": _division_examples(movie, splits), "merge": _merge_examples(movie, merges)}
    for name, rows in (("frame", ~is_gap & known), ("contest", ~is_gap & known), ("gap", is_gap & known)):
        facts = np.stack([columns[fact][rows] for fact in FACTS[name]], axis=1)
        score = probability(columns["evidence"][rows].astype(np.float64)) if name == "frame" else links.score[rows]
        found[name] = Examples(facts, truth[rows], score, when[0][rows], when[1][rows])
    return found


def _second_examples(movie: Movie, model: LinkModel, settings: LinkSettings) -> dict[str, Examples]:
    """All that is judged again after a decision on the first proposals, with the settings that a decision has by default."""
    span = Span(0, movie.labels.n_frames)
    links, splits, merges = propose_links(
        movie.seen, movie.labels, movie.detections, span, movie.typical, settings, model
    )
    solution = solve_tracks(movie.detections, links, splits, merges, AssociateSettings())
    chosen = FirstDecision(solution.link_chosen, solution.division_chosen, merges.take(solution.merge_chosen))
    every = settings.model_copy(update={"min_probability": 0.0})
    links, splits = review_proposals(movie.detections, links, splits, chosen, movie.typical, every, model)
    frame = movie.detections.frame
    facts = links.features[:, [links.feature_names.index(f"again_{fact}") for fact in AGAIN_FACTS]]
    truth = true_links(frame, movie.track_of, movie.tracks, links.source, links.target)
    known = is_known(movie, links.source, links.target)
    is_gap = frame[links.target] > frame[links.source] + 1
    found = {"division_again": _division_examples(movie, splits)}
    for name, rows in (("again", ~is_gap & known), ("gap_again", is_gap & known)):
        when = frame[links.source[rows]], frame[links.target[rows]]
        found[name] = Examples(facts[rows], truth[rows], links.score[rows], *when)
    return found


def _division_examples(movie: Movie, splits: Divisions) -> Examples:
    """Divisions of the first or of the second judgement: the facts of the latter stand last."""
    frame = movie.detections.frame
    truth = true_divisions(frame, movie.track_of, movie.tracks, splits)
    last = np.maximum(frame[splits.daughter_a], frame[splits.daughter_b])
    names = splits.feature_names
    first = f"again_{DIVISION_AGAIN_FACTS[0]}"
    start = names.index(first) if first in names else 0
    found = Examples(splits.features[:, start:], truth, splits.score, frame[splits.mother], last)
    known = is_known(movie, splits.mother, splits.daughter_a) | is_known(movie, splits.mother, splits.daughter_b)
    return found.take(known)


def _merge_examples(movie: Movie, merges: Merges) -> Examples:
    frame = movie.detections.frame
    truth = true_merges(movie, merges)
    found = Examples(merges.features, truth, merges.score, frame[merges.before_a], frame[merges.after_a])
    known = is_known(movie, merges.before_a, merges.after_a) & is_known(movie, merges.before_b, merges.after_b)
    return found.take(known)


def true_merges(movie: Movie, merges: Merges) -> Bools:
    """Whether the mask holds two cells, and each is named before and after it."""
    a, b = movie.track_of[merges.before_a], movie.track_of[merges.before_b]
    held = movie.held[merges.shared] == np.stack([np.minimum(a, b), np.maximum(a, b)], axis=1)
    same = (movie.track_of[merges.after_a] == a) & (movie.track_of[merges.after_b] == b)
    return np.asarray(held.all(axis=1) & same & (a > 0) & (b > 0))


def is_known(movie: Movie, source: Ints, target: Ints) -> Bools:
    """Whether the truth says anything of a pair: it knows one of the two cells, or all cells."""
    if movie.is_complete:
        return np.ones(len(source), dtype=bool)
    return (movie.track_of[source] > 0) | (movie.track_of[target] > 0)


def true_links(frame: Ints, track: Ints, tracks: Ints, source: Ints, target: Ints) -> Bools:
    """Whether the target is the next detection of the source's track, or the first one of its child.

    ``frame`` and ``track`` are of each detection (track 0: unknown), ``tracks`` is the table of true tracks.
    """
    order = np.lexsort((frame, track))
    follows = np.full(len(track), -1)
    same = track[order][1:] == track[order][:-1]
    follows[order[:-1][same]] = order[1:][same]
    parent = np.zeros(max(tracks[:, 0].max(initial=0), track.max(initial=0)) + 1, dtype=np.int64)
    parent[tracks[:, 0]] = tracks[:, 3]
    is_last, is_first = follows < 0, np.ones(len(track), dtype=bool)
    is_first[follows[follows >= 0]] = False
    known = (track[source] > 0) & (track[target] > 0)
    born = (parent[track[target]] == track[source]) & is_last[source] & is_first[target]
    return known & ((follows[source] == target) | born)


def true_divisions(frame: Ints, track: Ints, tracks: Ints, splits: Divisions) -> Bools:
    """Whether both daughters are children of the mother's track, at their first and her last frame."""
    a = true_links(frame, track, tracks, splits.mother, splits.daughter_a)
    b = true_links(frame, track, tracks, splits.mother, splits.daughter_b)
    mother = track[splits.mother]
    return a & b & (track[splits.daughter_a] != mother) & (track[splits.daughter_b] != mother)

"""How far a model's probabilities can be trusted: figures on movies it was not fitted to, and the card that tells them.

A card is the model's JSON without the numbers of its curves; as Markdown it is what `docs/link_model.md` holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from samtrack.link.fact_words import words_of
from samtrack.link.facts import FACTS
from samtrack.train.link_examples import Examples

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BINS = 10  # of equal width: "70 %" is a bin of its own
UNSURE = 1e-6  # no probability is taken to be nearer to 0 or 1 in a log loss

TOLD = {
    "frame": "link to the next frame, by its own facts",
    "division": "division into two daughters",
    "contest": "link to the next frame, knowing its rivals",
    "gap": "link over missing frames",
    "merge": "mask shared by two cells",
    "again": "second look at a link to the next frame",
    "gap_again": "second look at a link over missing frames",
    "division_again": "second look at a division",
}
"""What each model says the probability of."""

FIGURES = {
    "log_loss": "log loss",
    "auc": "area under the ROC curve",
    "expected_calibration_error": "expected calibration error",
}
"""The figures of a card and their names."""


def reliability(score: Floats, is_true: Bools) -> dict[str, Any]:
    """How good probabilities are: log loss, area under the ROC curve, expected calibration error, and the bins behind it.

    A bin is (proposals, mean probability said, share that was true).
    """
    p, y = np.clip(score, UNSURE, 1 - UNSURE), is_true
    which = np.minimum((p * BINS).astype(int), BINS - 1)
    count = np.bincount(which, minlength=BINS)
    said = np.bincount(which, weights=p, minlength=BINS) / np.maximum(count, 1)
    seen = np.bincount(which, weights=y, minlength=BINS) / np.maximum(count, 1)
    n, n_true = len(y), int(np.count_nonzero(y))
    auc = (rankdata(p)[y].sum() - n_true * (n_true + 1) / 2) / max(n_true * (n - n_true), 1)
    return {
        "proposals": n,
        "true": n_true,
        "log_loss": round(log_loss(p, y), 5),
        "auc": round(float(auc), 5),
        "expected_calibration_error": round(float((count * np.abs(said - seen)).sum() / max(n, 1)), 5),
        "bins": [[int(c), round(float(a), 3), round(float(b), 3)] for c, a, b in zip(count, said, seen, strict=True)],
    }


def log_loss(score: Floats, is_true: Bools) -> float:
    """Mean surprise of the truth, in nats per proposal; 0 without any."""
    return float(surprise(score, is_true).mean()) if len(score) else 0.0


def surprise(score: Floats, is_true: Bools) -> Floats:
    """Minus the logarithm of the probability that was given to what came true."""
    p = np.clip(score, UNSURE, 1 - UNSURE)
    return -np.where(is_true, np.log(p), np.log(1 - p))


def judge(examples: Mapping[str, Examples]) -> dict[str, dict[str, Any]]:
    """The figures of each of the models on its examples."""
    return {name: reliability(examples[name].score, examples[name].is_true) for name in FACTS}


def write_table(judged: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Figures of one or more models on the same movies as lines of text: {"shipped": judged, "new": judged}."""
    head = ["model", "proposals", "true", *(f"{figure} {who}" for figure in FIGURES for who in judged)]
    rows = [head]
    for name in [name for name in FACTS if all(name in figures for figures in judged.values())]:
        counts = [f"{next(iter(judged.values()))[name][column]}" for column in ("proposals", "true")]
        rows.append([name, *counts, *(f"{judged[who][name][figure]:.5f}" for figure in FIGURES for who in judged)])
    width = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = [
        "  ".join(cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, width, strict=True)))
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def as_json(plain: Mapping[str, Any]) -> str:
    """A model's JSON text: lists of numbers on one line each, so that a change can be read."""
    text = json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False)
    return re.sub(r"\[[^\[\]{}]*\]", lambda match: " ".join(match.group().split()), text) + "\n"


def as_markdown(plain: Mapping[str, Any]) -> str:
    """The card of a model, from its JSON, for people."""
    parts = ["# Card of a link model", str(plain.get("about", "")), f"Learned from: {plain.get('data', 'not told')}"]
    facts = [f"* {key}: {_told(plain[key])}" for key in ("seeds", "learning", "examples", "versions") if key in plain]
    parts.append("\n".join(facts))
    for key, title in (("held_out", "On movies it was not fitted to"), ("held_out_before", "The same, shipped model")):
        if plain.get(key):
            parts += [f"## {title}", _figures(plain[key])]
    if plain.get("held_out"):
        parts += ["## Said and seen", _BINS_TOLD, *_each(_bins, plain["held_out"])]
    parts += ["## What the facts say", _FACTS_TOLD, *_each(_facts, plain["models"])]
    return "\n\n".join(part for part in parts if part) + "\n"


def _each(tell: Callable[[str, Mapping[str, Any]], str], parts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is told of each model that is there: cards of older models have fewer."""
    return [tell(name, parts[name]) for name in FACTS if name in parts]


_BINS_TOLD = (
    "Of the proposals that were given a probability in a tenth of the scale: how many, the mean of what was said, and the "
    "share that was true. The two should be equal."
)


_FACTS_TOLD = (
    "Each fact adds a curve's value to the log odds. Here is how far each curve goes over the range of the examples, from "
    "lowest to highest value of the fact: + makes the proposal likelier, − less likely, ± goes both ways."
)


def _facts(name: str, model: Mapping[str, Any]) -> str:
    rows = []
    for curve in sorted(model["curves"], key=lambda c: -_range(c["log_odds"])):
        steps = np.diff(curve["log_odds"])
        mark = "+" if np.all(steps >= 0) else "−" if np.all(steps <= 0) else "±"
        rows.append([f"`{curve['fact']}`", words_of(curve["fact"]), f"{mark}{_range(curve['log_odds']):.1f}"])
    return f"### {TOLD[name][0].upper()}{TOLD[name][1:]}\n\n" + _markdown(["fact", "in words", "log odds"], rows)


def _range(values: Sequence[float]) -> float:
    return max(values) - min(values)


def _figures(judged: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [TOLD[name], *(str(judged[name][column]) for column in ("proposals", "true", *FIGURES))]
        for name in FACTS
        if name in judged
    ]
    return _markdown(["probability of a", "proposals", "true", *FIGURES.values()], rows)


def _bins(name: str, judged: Mapping[str, Any]) -> str:
    rows = [[str(n), f"{said:.3f}", f"{seen:.3f}"] for n, said, seen in judged["bins"]]
    return f"### {TOLD[name][0].upper()}{TOLD[name][1:]}\n\n" + _markdown(["proposals", "said", "true"], rows)


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _told(value: Any) -> str:
    """A value of the card in a line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_told(inner)}" for key, inner in value.items())
    return " to ".join(map(str, value)) if isinstance(value, list) else str(value)

"""From facts to probabilities: additive models whose every term is a curve given by plain numbers.

The log odds of a model are a constant plus one piecewise linear curve per fact; outside its knots a curve stays level, so
that a fact never seen in training cannot outweigh all others. The numbers that ship lie in ``default_model.json`` beside
this file; ``samtrack train links`` fitted them to simulated movies only, and fits others to a user's annotated movie.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.errors import WeightsError

Floats = npt.NDArray[np.float64]

MODEL, MODEL_WITH_SAM = "default_model.json", "default_model_sam2.json"
"""The models that ship: for motion and masks alone, and with a network's evidence beside them."""

# Log odds beyond which evidence is not told apart: 1 in 3000.
SUREST = 8.0


@dataclass(frozen=True, slots=True)
class Curve:
    """The term of one fact: log odds ``values`` at ``knots``, linear between, level outside; ``missing`` for NaN.

    ``mean`` is its mean over the examples it was fitted to: what the fact says of an average proposal.
    """

    name: str
    knots: tuple[float, ...]
    values: tuple[float, ...]
    missing: float
    mean: float = 0.0

    def __post_init__(self) -> None:
        if len(self.knots) != len(self.values) or not self.knots:
            raise WeightsError(
                f"curve {self.name}: {len(self.knots)} knots and {len(self.values)} values; fit it anew."
            )
        if not np.isfinite([*self.knots, *self.values, self.missing, self.mean]).all():
            raise WeightsError(f"curve {self.name}: holds a value that is not a finite number; fit it anew.")
        if np.any(np.diff(self.knots) <= 0):
            raise WeightsError(f"curve {self.name}: knots must increase, found {self.knots}; fit it anew.")

    def at(self, fact: Floats) -> Floats:
        """Log odds of each value of the fact."""
        return np.where(np.isnan(fact), self.missing, np.interp(fact, self.knots, self.values))


@dataclass(frozen=True, slots=True)
class AdditiveModel:
    """Log odds = ``constant`` + one curve per fact."""

    constant: float
    curves: tuple[Curve, ...]

    def log_odds(self, facts: npt.NDArray[np.floating[Any]], names: Sequence[str]) -> Floats:
        """Log odds of each row of ``facts`` (n, len(names)), between -SUREST and SUREST.

        Summed column by column, never by a matrix product, whose rounding depends on the number of rows.
        """
        total = np.full(len(facts), self.constant)
        for curve in self.curves:
            if curve.name not in names:
                raise WeightsError(f"the model needs the fact {curve.name!r}, known are {list(names)}; fit it anew.")
            total += curve.at(facts[:, names.index(curve.name)].astype(np.float64))
        return np.clip(total, -SUREST, SUREST)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> AdditiveModel:
        """A model from the plain numbers of the JSON file."""
        curves = [
            Curve(
                str(c["fact"]),
                tuple(float(k) for k in c["knots"]),
                tuple(float(v) for v in c["log_odds"]),
                float(c["missing"]),
                float(c.get("mean", 0.0)),
            )
            for c in plain["curves"]
        ]
        return cls(float(plain["constant"]), tuple(curves))

    def to_plain(self) -> dict[str, Any]:
        """The model as plain numbers, as in the JSON file."""
        curves = [
            {"fact": c.name, "knots": list(c.knots), "log_odds": list(c.values), "missing": c.missing}
            | ({"mean": c.mean} if c.mean else {})
            for c in self.curves
        ]
        return {"constant": self.constant, "curves": curves}


@dataclass(frozen=True, slots=True)
class LinkModel:
    """The models of the linker, in the order in which they are asked.

    ``frame``: a link to the next frame by its own facts. ``division``: a pair of daughters. ``contest``: the link once more,
    knowing its rivals and divisions. ``gap``: a link over missing frames. ``merge``: two cells under one mask for a frame.
    ``again``, ``gap_again``, ``division_again``: links to the next frame, links over gaps and divisions once more, knowing
    the first decision.
    """

    frame: AdditiveModel
    division: AdditiveModel
    contest: AdditiveModel
    gap: AdditiveModel
    merge: AdditiveModel
    again: AdditiveModel
    gap_again: AdditiveModel
    division_again: AdditiveModel

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> LinkModel:
        """The models from the plain content of the JSON file."""
        try:
            return cls(**{name: AdditiveModel.from_plain(plain["models"][name]) for name in cls.__slots__})
        except WeightsError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise WeightsError(f"link model: {error!r} is missing or of a wrong type; fit it anew.") from error


def default_plain(with_sam: bool = False) -> dict[str, Any]:
    """The JSON of the model that ships with samtrack: its card and its numbers.

    ``with_sam``: the one that knows what a network said, if it ships; else the one for motion and masks, which does not ask.
    """
    folder = resources.files("samtrack.link")
    file = folder / MODEL_WITH_SAM if with_sam else folder / MODEL
    plain: dict[str, Any] = json.loads((file if file.is_file() else folder / MODEL).read_text(encoding="utf-8"))
    return plain


@lru_cache(maxsize=2)
def load_default_model(with_sam: bool = False) -> LinkModel:
    """The model that ships with samtrack."""
    return LinkModel.from_plain(default_plain(with_sam))


def probability(log_odds: Floats) -> Floats:
    """Probability of log odds."""
    return 1.0 / (1.0 + np.exp(-log_odds))

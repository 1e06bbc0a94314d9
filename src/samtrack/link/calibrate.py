"""From facts to probabilities: additive models whose every term is a curve given by plain numbers.

The log odds of a model are a constant plus one piecewise linear curve per fact; outside its knots a curve stays level, so
that a fact never seen in training cannot outweigh all others. The numbers are fitted by ``benchmarks/fit_link_model.py`` on
simulated movies only and lie in ``default_model.json`` beside this file.
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

# Log odds beyond which evidence is not told apart: 1 in 3000.
SUREST = 8.0


@dataclass(frozen=True, slots=True)
class Curve:
    """The term of one fact: log odds ``values`` at ``knots``, linear between, level outside; ``missing`` for NaN."""

    name: str
    knots: tuple[float, ...]
    values: tuple[float, ...]
    missing: float

    def __post_init__(self) -> None:
        if len(self.knots) != len(self.values) or not self.knots:
            raise WeightsError(
                f"curve {self.name}: {len(self.knots)} knots and {len(self.values)} values; fit it anew."
            )
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
            Curve(c["fact"], tuple(c["knots"]), tuple(c["log_odds"]), float(c["missing"])) for c in plain["curves"]
        ]
        return cls(float(plain["constant"]), tuple(curves))

    def to_plain(self) -> dict[str, Any]:
        """The model as plain numbers, as in the JSON file."""
        curves = [
            {"fact": c.name, "knots": list(c.knots), "log_odds": list(c.values), "missing": c.missing}
            for c in self.curves
        ]
        return {"constant": self.constant, "curves": curves}


@dataclass(frozen=True, slots=True)
class LinkModel:
    """The models of the linker, in the order in which they are asked.

    ``frame``: a link to the next frame by its own facts. ``division``: a pair of daughters. ``contest``: the link once more,
    knowing its rivals and divisions. ``gap``: a link over missing frames. ``merge``: two cells under one mask for a frame.
    """

    frame: AdditiveModel
    division: AdditiveModel
    contest: AdditiveModel
    gap: AdditiveModel
    merge: AdditiveModel

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> LinkModel:
        """The models from the plain content of the JSON file."""
        try:
            return cls(**{name: AdditiveModel.from_plain(plain["models"][name]) for name in cls.__slots__})
        except (KeyError, TypeError) as error:
            raise WeightsError(f"link model: {error!r} is missing or of a wrong type; fit it anew.") from error


@lru_cache(maxsize=1)
def load_default_model() -> LinkModel:
    """The model that ships with samtrack."""
    text = (resources.files("samtrack.link") / "default_model.json").read_text(encoding="utf-8")
    return LinkModel.from_plain(json.loads(text))


def probability(log_odds: Floats) -> Floats:
    """Probability of log odds."""
    return 1.0 / (1.0 + np.exp(-log_odds))

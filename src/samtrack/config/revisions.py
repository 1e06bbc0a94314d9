"""Which settings and which version of the code each stage's output depends on.

Snakemake re-runs a rule when its parameters change, but does not see changes inside this package. So every rule carries
the text that `trigger` gives: the settings of its stage and the stage's revision. Raise a revision when the output of
its stage changes for equal input; the golden tests say when that is forgotten.
"""

from __future__ import annotations

import json
from typing import Any

from samtrack.config.schema import Config

REVISIONS: dict[str, int] = {
    "simulate": 1,
    "ingest": 1,
    "segment": 1,
    "measure": 1,
    "propagate": 1,
    "link": 3,
    "associate": 3,
    "fill": 3,
    "export": 1,
    "validate": 1,
    "evaluate": 1,
    "report": 3,
}

# A section, or single settings of one where the others change nothing.
SECTIONS: dict[str, tuple[str, ...]] = {
    "simulate": (),
    "ingest": ("movie", "ingest"),
    "segment": ("segment", "objects"),
    "measure": (),
    "propagate": ("sam2", "link.propagate_frames", "link.propagate_planes"),
    "link": ("link",),
    "associate": ("associate", "link"),
    "fill": ("fill", "objects"),
    "export": ("export",),
    "validate": (),
    "evaluate": ("evaluate",),
    "report": ("report",),
}

WITHOUT_EFFECT: dict[str, set[str]] = {"sam2": {"device", "compile", "memory_gb", "cache"}}
"""Settings of a section that say where and how fast, not what: a change re-runs nothing."""


def draws_with_sam2(config: Config, stage: str) -> bool:
    """Whether the stage's method is SAM 2, so that its job wants a GPU, and its result depends on section ``sam2``."""
    return stage in ("segment", "fill") and getattr(config, stage).method == "sam2"


def trigger(config: Config, stage: str) -> str:
    """The text whose change re-runs a stage: its sections of the configuration and its revision.

    Section ``sam2`` is part of it where the stage asks a network.
    """
    sections = [*SECTIONS[stage], *(["sam2"] if draws_with_sam2(config, stage) else [])]
    settings = {name: _at(config, *name.split(".")) for name in sections}
    return json.dumps({"revision": REVISIONS[stage], **settings}, sort_keys=True)


def _at(config: Config, section: str, setting: str | None = None) -> Any:
    """A section, or one setting of it, as plain data."""
    plain = getattr(config, section).model_dump(mode="json", exclude=WITHOUT_EFFECT.get(section))
    return plain if setting is None else plain[setting]

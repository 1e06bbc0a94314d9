"""Which settings and which version of the code each stage's output depends on.

Snakemake re-runs a rule when its parameters change, but does not see changes inside this package. So every rule carries
the text that `trigger` gives: the settings of its stage and the stage's revision. Raise a revision when the output of
its stage changes for equal input; the golden tests say when that is forgotten.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from samtrack.config.schema import Config
from samtrack.config.section import Section

Network = Literal["sam2", "sammed3d"]

REVISIONS: dict[str, int] = {
    "simulate": 1,
    "ingest": 1,
    "segment": 2,
    "measure": 1,
    "propagate": 1,
    "link": 3,
    "associate": 3,
    "lineages": 1,
    "fill": 6,
    "export": 2,
    "files": 1,
    "validate": 1,
    "evaluate": 1,
    "report": 5,
    "train3d": 1,
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
    "lineages": ("lineages",),
    "fill": ("fill", "objects"),
    "export": ("export",),
    "files": ("export.files",),
    "validate": (),
    "evaluate": ("evaluate",),
    "report": ("report",),
    "train3d": ("movie", "ingest", "train3d"),
}

WITHOUT_EFFECT: dict[str, set[str]] = {
    "associate": {"pinned"},
    "sam2": {"device", "compile", "memory_gb", "cache"},
    "sammed3d": {"device", "memory_gb", "cache"},
    "train3d": {"device", "workers", "checkpoint_every"},
    "export": {"files"},  # of a stage of its own
}
"""Settings of a section that say where and how fast, not what: a change re-runs nothing that depends on the section. (What
the file of corrections holds that `associate.pinned` names counts for each sequence by itself: `stages.pins`.)"""

NETWORKS: dict[str, Network] = {"sam2": "sam2", "prompts3d": "sammed3d"}
"""The section of the network that a method draws masks with."""


def network_of(config: Config, stage: str) -> Network | None:
    """The section of the network that a stage's method asks, so that its job wants a GPU; None where it asks none.

    The stage's result depends on that section.
    """
    return NETWORKS.get(getattr(config, stage).method) if stage in ("segment", "fill") else None


def trigger(config: Config, stage: str) -> str:
    """The text whose change re-runs a stage: its sections of the configuration and its revision.

    The section of a network is part of it where the stage asks that network.
    """
    network = network_of(config, stage)
    sections = [*SECTIONS[stage], *([network] if network else [])]
    settings = {name: _at(config, *name.split(".")) for name in sections}
    return json.dumps({"revision": REVISIONS[stage], **settings}, sort_keys=True)


def _at(config: Config, section: str, setting: str | None = None) -> Any:
    """A section, or one setting of it, as plain data."""
    value = getattr(config, section)
    if not isinstance(value, Section):
        return value  # a setting that stands for itself
    if setting is not None:
        return value.model_dump(mode="json")[setting]
    return value.model_dump(mode="json", exclude=WITHOUT_EFFECT.get(section))

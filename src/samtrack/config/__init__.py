"""The configuration: one typed, frozen object per dataset, checked before anything runs.

Turns YAML into a `Config` or fails with the key's path. Every default states its unit and its reason in the field's
description, from which ``config/config.default.yaml`` and the JSON schema are generated. Imports no heavy package: the
Snakefile imports this room.
"""

from samtrack.config.load import build_config, load_config, merge, preset_names, read_preset
from samtrack.config.revisions import network_of, trigger
from samtrack.config.schema import Config, SequenceSettings

__all__ = [
    "Config",
    "SequenceSettings",
    "build_config",
    "load_config",
    "merge",
    "network_of",
    "preset_names",
    "read_preset",
    "trigger",
]

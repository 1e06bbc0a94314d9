"""Where the workflow's own files lie: rules, environments, profiles."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from samtrack.errors import SettingsError


def workflow_folder() -> Path:
    """Where the Snakefile lies: in the checkout this package runs from, or inside the installed package."""
    spec = importlib.util.find_spec("samtrack")
    package = Path(str(spec.origin if spec else __file__)).parent
    for folder in (package.parents[1], package / "_workflow"):
        if (folder / "Snakefile").is_file() and (folder / "workflow").is_dir():
            return folder
    raise SettingsError(f"the workflow is missing beside {package}; install samtrack again.")

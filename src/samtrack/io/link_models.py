"""The JSON of a link model: plain numbers and a card that says where they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from samtrack.errors import WeightsError
from samtrack.io.atomic import written_file

REMEDY = (
    "Give the JSON file that `samtrack train links --out FILE.json` writes, or link.model: null for the one that ships."
)


def read_plain_model(path: Path) -> dict[str, Any]:
    """The content of a model's file; what it means is for `samtrack.link` to say."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror}). {REMEDY}") from error
    except ValueError as error:
        raise WeightsError(f"{path}: is not JSON ({error}). {REMEDY}") from error
    if not isinstance(plain, dict) or not isinstance(plain.get("models"), dict):
        found = f"the keys {sorted(plain)}" if isinstance(plain, dict) else f"a {type(plain).__name__}"
        raise WeightsError(f"{path}: holds {found}, expected an object with 'models'. {REMEDY}")
    return plain


def write_text(path: Path, text: str) -> None:
    """Text under the final name only when complete."""
    with written_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")

"""The page of the manual that lists every setting, written from the configuration's models.

Tables by section: type and unit, default, what is allowed, and the description, which gives the reason of the default.
``samtrack.cli.reference`` writes the page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from samtrack.config.schema import Config
from samtrack.config.train_sam2 import TrainSam2Settings

Schema = dict[str, Any]

UNITS = {
    "um_per_hour": "µm per hour",
    "um_per_voxel": "µm per voxel",
    "minutes_per_frame": "minutes per frame",
    "um3": "µm³",
    "um": "µm",
    "px": "voxels",
    "minutes": "minutes",
    "hours": "hours",
    "frames": "frames",
    "gb": "GB",
    "mb": "MB",
    "voxels": "voxels",
}
"""What the end of a key says of its unit; the first that fits counts."""

HEAD = """\
# Settings

*Generated from the models in `src/samtrack/config` by `make schema`; do not edit.*

Every key that a configuration may have. A configuration of your own holds only what differs from the defaults, as
those in `config/datasets` do; the same keys in one file, ready to copy from, are in `config/config.default.yaml`. On
the command line a key is given with its section: `--set link.max_gap_frames=3`. Keys that do not exist, and values
that are not allowed, stop a run before it starts.

Lengths are micrometres where the key ends in `_um`, voxels where it ends in `_px`. Lists along axes go (z,) y, x.
"""


@dataclass(frozen=True)
class Heading:
    """Where a section stands: its dotted keys (after a method: a comma), its depth, the method that it is chosen by."""

    path: str
    level: int
    method: str = ""

    @property
    def text(self) -> str:
        """What it says."""
        return self.path + (f": {self.method}" if self.method else "")

    @property
    def link(self) -> str:
        """A link to it, by the anchor that sites and forges make of its text."""
        anchor = re.sub(r"[^\w -]", "", self.text.lower()).replace(" ", "-")
        return f"[{self.text}](#{anchor})"

    def below(self, name: str, method: str = "") -> Heading:
        """The heading of a section inside this one."""
        joint = ", " if self.method else "."
        path = f"{self.text}{joint}{name}" if self.path != TOP else name
        return Heading(path, min(self.level + 1, 4), method)


TOP = "Top level"
"""Heading of the keys that stand in no section."""


def config_page() -> str:
    """The text of the page."""
    parts = [HEAD, *_model(Config, Heading(TOP, 2)), *_model(TrainSam2Settings, Heading("Recipes of train sam2", 2))]
    return "\n".join(parts).rstrip() + "\n"


def _model(model: type[BaseModel], heading: Heading) -> Iterator[str]:
    schema = model.model_json_schema()
    yield from _section(schema, schema.get("$defs", {}), heading, model().model_dump())


def _section(schema: Schema, definitions: dict[str, Schema], heading: Heading, values: Schema) -> Iterator[str]:
    """Heading, first paragraph, table of plain keys, then the sections inside; ``values`` are the defaults."""
    yield f"{'#' * heading.level} {heading.text}\n"
    if heading.path != TOP:
        yield f"{_first_paragraph(schema)}\n"
    yield "| key | type | default | allowed | meaning, and reason of the default |"
    yield "|---|---|---|---|---|"
    nested = []
    for name, field in schema.get("properties", {}).items():
        inner = [(heading.below(name, method), one) for one, method in _inner(field, definitions)]
        default = values.get(name)
        below = default if isinstance(default, dict) else {}
        nested += [(place, one, below) for place, one in inner]
        if name in schema.get("required", []):
            shown = "required"
        elif inner:
            shown = f"`method: {below['method']}`" if "method" in below else _default(field)
        else:
            shown = _default(field)
        yield _row(name, field, shown, [place for place, _ in inner])
    yield ""
    for place, one, below in nested:
        yield from _section(one, definitions, place, below)


def _inner(field: Schema, definitions: dict[str, Schema]) -> Iterator[tuple[Schema, str]]:
    """The sections that a key may hold, each with its method, if it is chosen by one."""
    if "$ref" in field:
        schema = definitions[field["$ref"].rsplit("/", 1)[1]]
        yield schema, schema.get("properties", {}).get("method", {}).get("const", "")
    for part in [*field.get("oneOf", []), *field.get("anyOf", [])]:
        yield from _inner(part, definitions)
    if "items" in field:
        yield from _inner(field["items"], definitions)


def _row(name: str, field: Schema, default: str, inner: list[Heading]) -> str:
    kind = _type(field) if not inner else "list of sections" if "items" in field else "section"
    told = re.sub(r" ?\[[^\[\]]*\|[^\[\]]*\]$", "", field.get("description", ""))  # choices have a column of their own
    if inner:
        told = f"{told} {', '.join(heading.link for heading in inner)}".strip()
    cells = [f"`{name}`", _with_unit(kind, name), default, _allowed(field), told]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _with_unit(kind: str, name: str) -> str:
    unit = next((unit for end, unit in UNITS.items() if name == end or name.endswith(f"_{end}")), "")
    return f"{kind}, {unit}" if unit and re.search("number|integer", kind) else kind


def _type(field: Schema) -> str:
    if "enum" in field or "const" in field:
        return "word" if all(isinstance(choice, str) for choice in field.get("enum", [""])) else "word or integer"
    parts = [_type(part) for part in [*field.get("anyOf", []), *field.get("oneOf", [])]]
    if parts:
        return " or ".join(dict.fromkeys(parts))
    if field.get("type") == "array":
        items = field.get("prefixItems") or [field.get("items", {})]
        count = f"{len(items)} " if "prefixItems" in field else ""
        return f"list of {count}{_type(items[0])}s"
    names = {"string": "text", "boolean": "true or false", "object": "mapping"}
    return names.get(field.get("type", ""), str(field.get("type", "any")))


def _default(field: Schema) -> str:
    if "default" not in field and "const" not in field:
        return ""
    value = field.get("default", field.get("const"))
    return f"`{json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value}`"


def _allowed(field: Schema) -> str:
    """Choices and bounds, of alternatives those that have any."""
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    parts = [_allowed(part) for part in field.get("anyOf", [])]
    if "type" in field and field["type"] == "array" and (items := field.get("prefixItems") or [field.get("items", {})]):
        parts = [_allowed(items[0])]
    words = [
        f"{word} {field[key]:g}"
        for key, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("exclusiveMaximum", "below"),
            ("multipleOf", "in steps of"),
        )
        if key in field
    ]
    return "; ".join(dict.fromkeys(part for part in [" ".join(words), *parts] if part))


def _first_paragraph(schema: Schema) -> str:
    return " ".join(schema.get("description", "").split("\n\n")[0].split())

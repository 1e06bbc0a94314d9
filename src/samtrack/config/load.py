"""From YAML to one checked `Config`: defaults, then the preset, then the user's file, then single values.

Knows where presets lie and how to say what is wrong with a key. Paths stay as they were written.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from samtrack.config.modes import FIXED, without_mode
from samtrack.config.schema import Config
from samtrack.config.train_loop import LoopSettings
from samtrack.errors import SettingsError

Raw = dict[str, Any]
Axes = Callable[[Config], int]
"""Says how many axes a frame of the movies of a configuration has, 2 or 3: by opening them."""
Recipe = TypeVar("Recipe", bound=LoopSettings)


def preset_names() -> list[str]:
    """Names of the shipped presets."""
    folder = resources.files("samtrack.config") / "presets"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def read_preset(name: str) -> Raw:
    """The settings of a shipped preset, or of a preset file if ``name`` is a path to one."""
    if name.endswith((".yaml", ".yml")):
        return read_yaml(Path(name))
    if name not in preset_names():
        raise SettingsError(f"preset: no preset is called {name!r}.{_nearest(name, preset_names())}")
    text = (resources.files("samtrack.config") / "presets" / f"{name}.yaml").read_text(encoding="utf-8")
    raw: Raw = yaml.safe_load(text)
    return raw


def read_yaml(path: Path) -> Raw:
    """A YAML file that must hold a mapping."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({error}). Give the path of a YAML file.") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: is not valid YAML: {error}") from error
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise SettingsError(f"{path}: holds a {type(raw).__name__}, expected keys with values, as in `link:`.")
    return raw


def load_config(
    path: Path | None,
    overrides: Iterable[str] = (),
    base: Mapping[str, Any] | None = None,
    axes: Axes | None = None,
) -> Config:
    """The configuration of a file (or of ``base`` alone), with ``key=value`` overrides on top; ``axes`` as below."""
    raw = merge(dict(base or {}), read_yaml(path) if path else {})
    for override in overrides:
        raw = merge(raw, parse_override(override))
    return build_config(raw, str(path) if path else "settings", axes)


def build_config(raw: Mapping[str, Any], source: str = "configuration", axes: Axes | None = None) -> Config:
    """A checked configuration from plain data; the preset it names is put underneath, its mode turned into methods.

    ``axes`` is asked only where a method depends on it and the configuration does not tell.
    """
    preset = raw.get("preset")
    if preset is not None and not isinstance(preset, str):
        raise SettingsError(f"{source}: preset must be a name, found {preset!r}.")
    under = read_preset(preset) if preset else {}
    full = merge(under, raw)
    if raw.get("mode") in FIXED:
        try:
            full = merge(under, without_mode(raw, under, lambda: _count_axes(full, source, axes)))
        except SettingsError as error:
            raise SettingsError(f"{source}: {error}") from error
    return _checked(full, source)


def _count_axes(full: Mapping[str, Any], source: str, axes: Axes | None) -> int:
    """The number of axes of a frame, from what the configuration says, else from ``axes``."""
    config = _checked({k: v for k, v in full.items() if k not in ("mode", "segment", "fill")}, source)
    if config.movie.um_per_voxel is not None:
        return len(config.movie.um_per_voxel)
    for sequence in config.sequences:
        if sequence.simulate is not None:
            return len(sequence.simulate.shape_px)
    if axes is None or not config.sequences:
        raise SettingsError(
            f"mode is {full['mode']!r}, which draws masks by one method in 2D and by another in 3D, and nothing says which "
            "this is. Set movie.um_per_voxel (two values or three), or segment.method and fill.method."
        )
    return axes(config)


def _checked(full: Raw, source: str) -> Config:
    """A configuration in which all sections have their methods."""
    full = merge({"segment": {"method": "seeds"}, "fill": {"method": "sam2"}}, full)  # the default alternatives
    try:
        return Config.model_validate(full)
    except ValidationError as error:
        raise SettingsError(explain(error, source)) from error


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> Raw:
    """``over`` laid on ``under``, section by section; a section that changes its ``method`` starts afresh."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            other_method = "method" in value and value["method"] != below.get("method", value["method"])
            merged[key] = dict(value) if other_method else merge(below, value)
        elif value is None and isinstance(below, Mapping):
            continue  # an empty section, `link:` with nothing under it
        else:
            merged[key] = value
    return merged


def parse_override(text: str) -> Raw:
    """``link.max_gap_frames=3`` as nested data; the value is read as YAML."""
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise SettingsError(f"--set {text}: expected key=value, as in link.max_gap_frames=3.")
    try:
        nested: Any = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise SettingsError(f"--set {text}: the value is not valid YAML: {error}") from error
    for part in reversed(key.strip().split(".")):
        nested = {part: nested}
    assert isinstance(nested, dict)  # noqa: S101 - there is at least one part
    return nested


def explain(error: ValidationError, source: str, model: type[BaseModel] = Config) -> str:
    """The first few faults of a configuration, each with its path, the value found, and the nearest known key."""
    lines = []
    for fault in error.errors()[:5]:
        path = [str(p) for p in fault["loc"] if "[" not in str(p)]  # a name in brackets is pydantic's, for a type
        if fault["type"] == "extra_forbidden":
            lines.append(f"{'.'.join(path)}: unknown key.{_nearest(path[-1], _known_keys(fault['loc'], model))}")
        elif fault["type"] == "value_error":
            lines.append(f"{'.'.join(path) or 'configuration'}: {fault['msg'].removeprefix('Value error, ')}.")
        else:
            lines.append(f"{'.'.join(path)}: {fault['msg']}, found {fault['input']!r}.")
    more = len(error.errors()) - len(lines)
    lines += [f"… and {more} more."] if more > 0 else []
    return f"{source}: " + "\n  ".join(lines)


def check_recipe(raw: Mapping[str, Any], source: str, model: type[Recipe]) -> Recipe:
    """Checked settings of a training run."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(explain(error, source, model)) from error


def _nearest(word: str, known: Iterable[str]) -> str:
    """A hint in words: the nearest known name, or all of them if none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f" Did you mean {near[0]!r}?"
    return f" Known: {', '.join(names)}." if names else ""


def _known_keys(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """The keys allowed where an unknown one was found. ``location`` ends with the unknown key."""
    models: list[type[BaseModel]] = [model]
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        tagged = [m for m in models if "method" in m.model_fields and m.model_fields["method"].default == part]
        models = tagged or [child for m in models if part in m.model_fields for child in _models_in(m, part)]
    return [name for model in models for name in model.model_fields]


def _models_in(model: type[BaseModel], field: str) -> list[type[BaseModel]]:
    """The section models that a field's annotation mentions."""
    found: list[type[BaseModel]] = []
    todo: list[Any] = [model.model_fields[field].annotation]
    while todo:
        kind = todo.pop()
        if get_origin(kind) in (Union, UnionType, tuple):
            todo.extend(get_args(kind))
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            found.append(kind)
    return found

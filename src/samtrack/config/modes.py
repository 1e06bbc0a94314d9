"""Modes: one word for how a movie is tracked, in place of the methods of `segment` and `fill`.

A mode is turned into methods when a configuration is built, so that stages see methods alone. Where a method depends on
whether a movie is 2D or 3D, that is looked up in the configuration, and asked for if it does not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel

from samtrack.config.fill import FillSettings
from samtrack.config.segment import SeedsSettings, SegmentSettings
from samtrack.errors import SettingsError

Mode = Literal["link", "link_and_generate", "track"]
Raw = dict[str, Any]

DRAWS: dict[int, str] = {2: "sam2", 3: "prompts3d"}
"""The method that draws masks with a network, of `segment` as of `fill`, by the number of axes of a frame."""

SECTIONS: dict[str, Any] = {"segment": SegmentSettings, "fill": FillSettings}

FIXED: dict[str, dict[str, str]] = {
    "link": {"segment": "given", "fill": "none"},
    "link_and_generate": {"segment": "given"},
    "track": {},
}
"""Methods that a mode stands for; the sections that it does not name here have the one of `DRAWS`."""

MEANING: dict[str, str] = {
    "link": "links the masks given and draws none",
    "link_and_generate": "links the masks given and draws the missing ones",
    "track": "finds the cells itself and draws their masks",
}


def methods_of(section: str) -> dict[str, type[BaseModel]]:
    """The methods of a section (`segment`, `fill`), each with the model of its settings."""
    union, _ = get_args(SECTIONS[section])
    return {model.model_fields["method"].default: model for model in get_args(union)}


def allowed_methods(mode: str, section: str) -> list[str]:
    """The methods that a section may have in a mode, as far as this version has them."""
    fixed = FIXED[mode].get(section)
    wanted = [fixed] if fixed else list(DRAWS.values())
    return [method for method in wanted if method in methods_of(section)]


def without_mode(raw: Mapping[str, Any], preset: Mapping[str, Any], ndim: Callable[[], int]) -> Raw:
    """A user's settings with `segment` and `fill` as their mode has them; ``preset`` is what lies under them.

    A section of the user's that says otherwise is an error, one of the preset gives way. ``ndim`` is called only if a
    method depends on it.
    """
    mode, made = raw["mode"], dict(raw)
    for section in SECTIONS:
        own = dict(raw.get(section) or {})
        under = dict(preset.get(section) or {})
        if section == "segment" and mode == "track":
            own = _with_seeds(own, under, any(s.get("seeds") for s in raw.get("sequences") or ()))
        if "method" not in own:
            own = {"method": _chosen(mode, section, ndim), **own}
        require_method(mode, section, own["method"])
        made[section] = own
    return made


def require_method(mode: str, section: str, method: str) -> None:
    """Raise if a section has a method that contradicts the mode."""
    allowed = allowed_methods(mode, section)
    if method not in allowed:
        raise SettingsError(
            f"mode is {mode!r}, which {MEANING[mode]}, but {section}.method is {method!r}, expected "
            f"{' or '.join(repr(name) for name in allowed)}. Leave {section}.method out, or leave out the mode."
        )


def _chosen(mode: str, section: str, ndim: Callable[[], int]) -> str:
    fixed = FIXED[mode].get(section)
    if fixed:
        return fixed
    method = DRAWS[ndim()]
    if method not in methods_of(section):
        raise SettingsError(
            f"mode is {mode!r}, which in {ndim()}D needs {section}.method {method!r}; this version has "
            f"{', '.join(methods_of(section))}. Leave out the mode and choose one of them."
        )
    return method


def _with_seeds(own: Raw, preset: Raw, from_files: bool) -> Raw:
    """A section `segment` of the user's, in which what is said of the classical segmentation says where cells are.

    Its keys may stand in the section itself, as where it is the method, or under `seeds`; those of the preset count, too.
    """
    classical = set(SeedsSettings.model_fields) - {"method"}
    if own.get("method") == "seeds":
        own.pop("method")
    plain = {key: own.pop(key) for key in list(own) if key in classical and not own.get("method")}
    seeds = plain | dict(own.get("seeds") or {})
    if "method" not in seeds:
        seeds["method"] = "file" if from_files else "seeds"
    if seeds["method"] == "seeds" and preset.get("method", "seeds") == "seeds":
        seeds = {key: value for key, value in preset.items() if key != "method"} | seeds
    return own | {"seeds": seeds}

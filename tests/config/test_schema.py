"""The front door is light, and all defaults are told."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from samtrack.config import Config

HEAVY = ("torch", "zarr", "scipy", "pandas", "skimage", "tifffile", "pyarrow", "matplotlib")
LONGEST_IMPORT_S = 0.5  # of CPU time; the Snakefile imports this room in each job


def models(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """A model and all models that its fields mention."""
    if model in seen:
        return
    seen.add(model)
    yield model
    todo: list[Any] = [field.annotation for field in model.model_fields.values()]
    while todo:
        kind = todo.pop()
        todo.extend(get_args(kind))
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from models(kind, seen)


ALL_MODELS = list(models(Config, set()))


@pytest.mark.parametrize("model", ALL_MODELS, ids=lambda m: m.__name__)
def test_every_model_is_frozen_strict_and_told(model: type[BaseModel]) -> None:
    assert model.model_config.get("frozen")
    assert model.model_config.get("extra") == "forbid"
    assert model.__doc__
    for name, field in model.model_fields.items():
        is_section = isinstance(field.get_default(call_default_factory=True), BaseModel)
        assert field.description or is_section or name == "method", f"{model.__name__}.{name} has no description"


def test_defaults_are_themselves_valid() -> None:
    assert Config.model_validate(Config().model_dump()) == Config()
    assert Config.model_validate_json(Config().model_dump_json()) == Config()


def test_configuration_is_imported_fast_and_without_heavy_packages() -> None:
    code = (
        "import sys, time; start = time.process_time(); import samtrack.config; took = time.process_time() - start; "
        f"print(took, *[m for m in {HEAVY} if m in sys.modules])"
    )
    fastest = LONGEST_IMPORT_S + 1
    for _ in range(3):  # a busy machine may be slow once, not three times
        words = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
        assert words[1:] == [], f"samtrack.config imports {words[1:]}"
        fastest = min(fastest, float(words[0]))
    assert fastest < LONGEST_IMPORT_S

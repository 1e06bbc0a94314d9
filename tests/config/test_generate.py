"""The files that are written from the models."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from samtrack.config import Config, build_config, load_config, preset_names, read_preset
from samtrack.config.generate import FILES, default_yaml, schema_json
from samtrack.config.link import LinkSettings

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema_json()))


def test_default_file_is_the_default_configuration(tmp_path: Path) -> None:
    path = tmp_path / "config.default.yaml"
    path.write_text(default_yaml(), encoding="utf-8")
    assert load_config(path) == Config()


def test_default_file_shows_every_key_with_its_description() -> None:
    plain = Config().model_dump(mode="json")
    assert yaml.safe_load(default_yaml()) == plain
    one_line = " ".join(line.strip("# ") for line in default_yaml().splitlines())
    for name, field in LinkSettings.model_fields.items():
        assert field.description is not None
        assert field.description in one_line, name


def test_default_file_shows_alternatives_which_are_valid_without_their_comment_signs() -> None:
    lines = default_yaml().splitlines()
    for section, methods in {"segment": ["given", "sam2", "prompts3d"], "fill": ["none", "shape", "prompts3d"]}.items():
        starts = [i for i, line in enumerate(lines) if line == f"# {section}:"]
        for method, start in zip(methods, starts, strict=True):
            ends = (
                i for i in range(start, len(lines)) if not lines[i].startswith("#") or lines[i].startswith("# Or: ")
            )
            raw = yaml.safe_load("\n".join(line[2:] for line in lines[start : next(ends)]))
            assert raw[section]["method"] == method
            config = build_config({**raw, "sequences": [{"name": "01", "images": "x", "masks": "y"}]})
            assert getattr(config, section).model_dump() == raw[section]


def test_default_file_is_readable() -> None:
    assert max(map(len, default_yaml().splitlines())) <= 120


@pytest.mark.parametrize(
    "raw",
    [
        {},
        yaml.safe_load(default_yaml()),
        {"segment": {"method": "given"}},
        {"sequences": [{"name": "01", "images": "x"}]},
        *[read_preset(name) for name in preset_names()],
        *[yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "config" / "datasets").glob("*.yaml")],
    ],
)
def test_schema_accepts_what_the_models_accept(raw: dict) -> None:
    assert list(VALIDATOR.iter_errors(raw)) == []


@pytest.mark.parametrize(
    "raw",
    [
        {"lnk": {}},
        {"link": {"max_gap_frames": 11}},
        {"link": {"max_gap_frame": 1}},
        {"sequences": [{"images": "x"}]},
        {"segment": {"method": "watershed"}},
        {"movie": {"um_per_voxel": [1.0]}},
    ],
)
def test_schema_refuses_what_the_models_refuse(raw: dict) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is tested with the loader
        build_config(raw)
    assert list(VALIDATOR.iter_errors(raw)) != []


def test_the_files_are_in_step_with_the_models() -> None:
    assert set(FILES.texts()) == {"config.default.yaml", "config.schema.json"}
    assert FILES.stale(ROOT / "config") == [], f"run: {FILES.command}"

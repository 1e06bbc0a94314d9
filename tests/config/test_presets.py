"""The shipped presets, dataset files and site-wide file: all load, and each value says where it comes from."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from samtrack.config import Config, SequenceSettings, build_config, load_config, preset_names, read_preset
from samtrack.config.modes import DRAWS, methods_of
from samtrack.config.segment import GivenSettings

ROOT = Path(__file__).resolve().parents[2]
PRESETS = ROOT / "src" / "samtrack" / "config" / "presets"
DATASETS = ROOT / "config" / "datasets"

CHALLENGE = [
    "BF-C2DL-HSC",
    "BF-C2DL-MuSC",
    "DIC-C2DH-HeLa",
    "Fluo-C2DL-MSC",
    "Fluo-N2DH-GOWT1",
    "Fluo-N2DH-SIM+",
    "Fluo-N2DL-HeLa",
    "PhC-C2DH-U373",
    "PhC-C2DL-PSC",
    "Fluo-C3DH-A549",
    "Fluo-C3DH-A549-SIM",
    "Fluo-C3DH-H157",
    "Fluo-C3DL-MDA231",
    "Fluo-N3DH-CE",
    "Fluo-N3DH-CHO",
    "Fluo-N3DH-SIM+",
    "Fluo-N3DL-DRO",
    "Fluo-N3DL-TRIC",
    "Fluo-N3DL-TRIF",
]
FROM_FIRST_FRAME = {"Fluo-N3DL-DRO", "Fluo-N3DL-TRIC", "Fluo-N3DL-TRIF"}
"""Of which the challenge scores the lineages of some cells only."""

DEEP = [name for name in CHALLENGE if "3D" in name]
SOURCES = (
    "CTC dataset page",
    "py-ctcmetrics",
    "Ultrack",
    "general knowledge, unverified",
    "measured on",
    "no voxel size",
)
NO_SOURCE = "No source gives one"


def test_every_dataset_of_the_challenge_has_a_preset_and_a_file() -> None:
    assert set(CHALLENGE) <= set(preset_names())
    assert set(CHALLENGE) <= {path.stem for path in DATASETS.glob("*.yaml")}


@pytest.mark.parametrize("name", preset_names())
def test_preset_loads_and_names_nothing_of_a_run(name: str) -> None:
    preset = read_preset(name)
    assert set(preset) <= {"movie", "segment", "link", "associate", "fill", "export"}
    config = build_config({"preset": name, "sequences": [{"name": "01", "images": "data/01"}]})
    dimension = 3 if "3D" in name else 2
    assert config.movie.um_per_voxel is None or len(config.movie.um_per_voxel) == dimension


@pytest.mark.parametrize("name", preset_names())
def test_every_value_of_a_preset_has_a_comment_with_its_source(name: str) -> None:
    comment, told = "", 0
    for line in (PRESETS / f"{name}.yaml").read_text(encoding="utf-8").splitlines():
        if line.lstrip().startswith("#"):
            comment += line.strip("# ") + " "
            continue
        match = re.match(r"\s+(\w+): (.+)$", line)
        if match and match[1] != "method":
            expected = (NO_SOURCE, *SOURCES) if match[2] == "null" else SOURCES
            assert any(source in comment for source in expected), f"{name}: {match[0].strip()} names no source"
            told += 1
        comment = ""
    values = [v for section in read_preset(name).values() for k, v in section.items() if k != "method"]
    assert told == len(values)


def test_presets_choose_a_method_before_its_fields() -> None:
    """So that `segment: {method: given}` on top of any preset starts afresh."""
    for name in preset_names():
        raw = {
            "preset": name,
            "segment": {"method": "given"},
            "sequences": [{"name": "1", "images": "x", "masks": "y"}],
        }
        assert isinstance(build_config(raw).segment, GivenSettings)


def test_movies_of_more_than_1000_frames_have_4_digits() -> None:
    four = {name for name in CHALLENGE if build_config({"preset": name}).export.digits == 4}
    assert four == {"BF-C2DL-HSC", "BF-C2DL-MuSC"}


@pytest.mark.parametrize("name", CHALLENGE)
def test_dataset_file_of_the_challenge(name: str) -> None:
    config = load_config(DATASETS / f"{name}.yaml")
    assert (config.dataset, config.preset, config.out) == (name, name, f"results/{name}")
    some = name in FROM_FIRST_FRAME
    assert config.lineages == ("from_first_frame" if some else "all")
    assert config.sequences == tuple(
        SequenceSettings(
            name=s,
            images=f"data/{name}/{s}",
            truth=f"data/{name}/{s}_GT",
            first_frame=f"data/{name}/{s}_GT/TRA/man_track000.tif" if some else None,
        )
        for s in ("01", "02")
    )


def uncommented(name: str, *keys: str) -> dict[str, Any]:
    """A dataset file without the comment signs of some lines."""
    text = (DATASETS / f"{name}.yaml").read_text(encoding="utf-8")
    wanted = "|".join(map(re.escape, keys))
    text, n = re.subn(rf"^( *)# ((?: *)(?:{wanted}))", r"\1\2", text, flags=re.MULTILINE)
    assert n >= len(keys)
    raw: dict[str, Any] = yaml.safe_load(text)
    return raw


@pytest.mark.parametrize("name", DEEP)
def test_dataset_file_in_3d_shows_all_modes(name: str) -> None:
    config = build_config(uncommented(name, "masks:", "mode: link\n"))
    assert (config.segment.method, config.fill.method) == ("given", "none")
    assert [s.masks for s in config.sequences] == [f"data/{name}/{s}_ERR_SEG" for s in ("01", "02")]
    assert [s.seeds for s in config.sequences] == [None, None]
    for mode in ("link_and_generate", "track"):
        if DRAWS[3] not in methods_of("fill") or DRAWS[3] not in methods_of("segment"):
            assert f"# mode: {mode}\n" in (DATASETS / f"{name}.yaml").read_text(encoding="utf-8")
            continue
        config = build_config(uncommented(name, "masks:", "seeds: data", f"mode: {mode}\n"), axes=lambda _: 3)
        assert config.fill.method == DRAWS[3]
        assert config.segment.method == ("given" if mode == "link_and_generate" else DRAWS[3])
        assert config.reads_seeds == (mode == "track")


def test_seeds_of_the_stretched_map_are_shrunk_again() -> None:
    raw = uncommented("Fluo-N3DL-TRIC", "seeds: data", "mode: track\n", "segment:", "  seeds:\n", "z_divisor:")
    assert raw["segment"] == {"seeds": {"z_divisor": 2}}
    assert [s["seeds"] for s in raw["sequences"]] == [f"data/Fluo-N3DL-TRIC/{s}_detection" for s in ("01", "02")]


@pytest.mark.parametrize("name", [name for name in CHALLENGE if name not in DEEP])
def test_dataset_file_becomes_the_linking_variant_without_its_comment_signs(name: str) -> None:
    text = (DATASETS / f"{name}.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^( *)# (masks:|segment:|  method:)", r"\1\2", text, flags=re.MULTILINE)
    config = build_config(yaml.safe_load(text))
    assert isinstance(config.segment, GivenSettings)
    assert [s.masks for s in config.sequences] == [f"data/{name}/{s}_ERR_SEG" for s in ("01", "02")]


@pytest.mark.parametrize(("name", "ndim"), [("demo2d", 2), ("demo3d", 3)])
def test_demos_are_simulated_and_small(name: str, ndim: int) -> None:
    config = load_config(DATASETS / f"{name}.yaml")
    assert config.out == f"results/{name}"
    (sequence,) = config.sequences
    recipe = sequence.simulate
    assert recipe is not None
    assert len(recipe.shape_px) == ndim
    voxels = recipe.frames
    for n in recipe.shape_px:
        voxels *= n
    assert voxels < 10**7


def test_site_wide_file_chooses_nothing_and_is_valid_without_its_comment_signs() -> None:
    text = (ROOT / "config" / "config.yaml").read_text(encoding="utf-8")
    assert build_config(yaml.safe_load(text) or {}) == Config()
    chosen = [line[2:] for line in text.splitlines() if re.match(r"#( [a-z_]+:|   [a-z_]+: \S+)\s*\S*$", line)]
    raw = yaml.safe_load("\n".join(chosen))
    assert raw, "the file shows no example"
    build_config(raw)


def test_every_dataset_file_has_a_distinct_output_folder() -> None:
    outs = [load_config(path).out for path in DATASETS.glob("*.yaml")]
    assert len(outs) == len(set(outs))

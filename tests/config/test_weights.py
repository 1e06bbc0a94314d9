"""The registry: complete, consistent, and helpful to those who mistype."""

import re

import pytest

from samtrack.config import build_config
from samtrack.config.weights import REGISTRY, SHIPPED, SHIPPED_3D, entry_named
from samtrack.errors import SettingsError, WeightsError


def test_every_entry_is_complete() -> None:
    for name, entry in REGISTRY.items():
        assert entry.name == name
        assert entry.licence
        assert 0 < entry.size_mb < 5000
        assert entry.ships == (name in (SHIPPED, SHIPPED_3D)) == bool(entry.folder) == (not entry.revision)
        for file in entry.files:
            assert file.url.startswith("https://")
            assert file.url.endswith(f"/{file.name}")
            assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256)
            assert file.n_bytes is None or file.n_bytes / 1e6 == pytest.approx(entry.size_mb, rel=0.02)


def test_sums_are_of_different_files_and_official_ones_all_known() -> None:
    sums = [file.sha256 for entry in REGISTRY.values() for file in entry.files if file.sha256]
    assert len(set(sums)) == len(sums)
    official = [entry for name, entry in REGISTRY.items() if name.endswith("-pt")]
    assert len(official) == 8
    assert all(entry.main_file.sha256 for entry in official)


def test_a_revision_is_a_commit_or_said_not_to_be() -> None:
    unpinned = {name for name, entry in REGISTRY.items() if entry.revision == "main"}
    sam2 = {f"sam2-hiera-{size}" for size in ("tiny", "small", "base-plus", "large")}
    assert unpinned == sam2 | {"edgetam", "sam-med3d-turbo"}


@pytest.mark.parametrize(("name", "near"), [("sam2.1-hiera-lage", "sam2.1-hiera-large"), ("samtrack_tiny", SHIPPED)])
def test_near_names_are_suggested(name: str, near: str) -> None:
    with pytest.raises(WeightsError, match=f"Did you mean .*{near}"):
        entry_named(name)


def test_a_name_far_from_all_lists_all() -> None:
    with pytest.raises(WeightsError, match=f"Known names: {SHIPPED}, "):
        entry_named("qqq")


def test_the_default_ships() -> None:
    assert REGISTRY[build_config({}).sam2.weights].ships


@pytest.mark.parametrize(
    "wrong", [{"window_px": 100}, {"tile_px": 80}, {"device": "gpu"}, {"memory_gb": 0}, {"cell_px": 1}, {"weights": ""}]
)
def test_settings_out_of_bounds_are_refused(wrong: dict) -> None:
    with pytest.raises(SettingsError, match=f"sam2.{next(iter(wrong))}"):
        build_config({"sam2": wrong})


@pytest.mark.parametrize("right", [{"window_px": 160, "tile_px": 512}, {"device": "cuda:1"}, {"cell_px": 24}])
def test_settings_within_bounds_are_taken(right: dict) -> None:
    assert build_config({"sam2": right}).sam2.model_dump() | right == build_config({"sam2": right}).sam2.model_dump()

"""Modes become methods, by the number of axes where they depend on it, and contradictions are told."""

from typing import Any

import pytest

from samtrack.config import build_config
from samtrack.config.modes import DRAWS, FIXED, allowed_methods, methods_of
from samtrack.config.segment import SeedsSettings
from samtrack.errors import SettingsError

FLAT, DEEP = [0.5, 0.5], [2.0, 0.5, 0.5]
UM = {2: FLAT, 3: DEEP}
MASKS = {"sequences": [{"name": "01", "images": "a", "masks": "b"}]}
PLAIN = {"sequences": [{"name": "01", "images": "a"}]}
SEEDS = {"sequences": [{"name": "01", "images": "a", "seeds": "c"}]}
NDIM = [n for n in (2, 3) if all(DRAWS[n] in methods_of(section) for section in ("segment", "fill"))]
"""Those for which this version draws masks with a network."""


def refusal(raw: dict[str, Any]) -> str:
    with pytest.raises(SettingsError) as caught:
        build_config(raw, "my.yaml")
    return str(caught.value)


def made(mode: str, ndim: int, **more: Any) -> Any:
    return build_config(
        {"mode": mode, "movie": {"um_per_voxel": UM[ndim]}, **(MASKS if mode != "track" else PLAIN), **more}
    )


def test_every_mode_is_known_and_2d_is_drawn() -> None:
    assert set(FIXED) == {"link", "link_and_generate", "track"}
    assert 2 in NDIM


def test_without_a_mode_sections_say_what_is_done() -> None:
    config = build_config(PLAIN)
    assert (config.mode, config.segment.method, config.fill.method) == (None, "seeds", "sam2")
    assert build_config({**PLAIN, "mode": None}) == config


@pytest.mark.parametrize("ndim", [2, 3])
def test_link_draws_nothing(ndim: int) -> None:
    config = made("link", ndim, preset="Fluo-N2DL-HeLa" if ndim == 2 else "Fluo-N3DH-CE")
    assert (config.segment.method, config.fill.method) == ("given", "none")


@pytest.mark.parametrize("ndim", NDIM)
def test_missing_masks_or_all_masks_are_drawn_by_the_network_for_the_axes(ndim: int) -> None:
    config = made("link_and_generate", ndim)
    assert (config.segment.method, config.fill.method) == ("given", DRAWS[ndim])
    config = made("track", ndim)
    assert (config.segment.method, config.fill.method) == (DRAWS[ndim], DRAWS[ndim])
    assert config.segment.seeds.method == "seeds"


def test_a_method_that_this_version_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DRAWS, 3, "telepathy")
    message = refusal({"mode": "track", "movie": {"um_per_voxel": DEEP}, **PLAIN})
    assert "needs segment.method 'telepathy'; this version has given, seeds, sam2" in message


@pytest.mark.parametrize(
    "raw",
    [
        {"movie": {"um_per_voxel": FLAT}},
        {"sequences": [{"name": "01", "simulate": {"frames": 3, "shape_px": [64, 64]}}]},
        {"preset": "Fluo-N2DL-HeLa"},
        {"segment": {"method": "sam2"}, "fill": {"method": "sam2"}},
    ],
)
def test_the_configuration_may_tell_the_number_of_axes(raw: dict[str, Any]) -> None:
    config = build_config({"mode": "track", **PLAIN, **raw})
    assert (config.segment.method, config.fill.method) == ("sam2", "sam2")


def test_the_images_are_asked_only_where_nothing_else_tells() -> None:
    asked = []

    def axes(config: Any) -> int:
        asked.append(config.sequences[0].images)
        return 2

    assert build_config({"mode": "track", **PLAIN}, axes=axes).segment.method == "sam2"
    assert asked
    assert set(asked) == {"a"}
    asked.clear()
    build_config({"mode": "link", **MASKS}, axes=axes)
    build_config({"mode": "track", "movie": {"um_per_voxel": FLAT}, **PLAIN}, axes=axes)
    build_config(PLAIN, axes=axes)
    assert not asked
    assert "nothing says which this is. Set movie.um_per_voxel" in refusal({"mode": "track", **PLAIN})


def test_a_resolved_configuration_is_the_same_when_read_again() -> None:
    """As it is written beside the results, where the images need not be asked once more."""
    for raw in ({"mode": "link", **MASKS}, {"mode": "link_and_generate", **MASKS}, {"mode": "track", **SEEDS}):
        config = build_config(raw, axes=lambda _: 2)
        plain = config.model_dump(mode="json", exclude={"preset"})
        assert build_config(plain) == config


def test_the_seeds_of_the_trunk_are_those_of_preset_and_user() -> None:
    preset = build_config({"preset": "DIC-C2DH-HeLa"}).segment
    assert isinstance(preset, SeedsSettings)
    config = build_config({"mode": "track", "preset": "DIC-C2DH-HeLa", **PLAIN})
    assert config.segment.seeds == preset
    for own in ({"split": 0.25}, {"method": "seeds", "split": 0.25}, {"seeds": {"split": 0.25}}):
        config = build_config({"mode": "track", "preset": "DIC-C2DH-HeLa", "segment": own, **PLAIN})
        assert config.segment.seeds == preset.model_copy(update={"split": 0.25})
    config = build_config({"mode": "track", "segment": {"min_iou": 0.25, "split": 0.25}, **PLAIN}, axes=lambda _: 2)
    assert (config.segment.min_iou, config.segment.seeds.split) == (0.25, 0.25)


def test_seeds_of_the_sequences_are_used_where_there_are_any() -> None:
    config = build_config({"mode": "track", "preset": "DIC-C2DH-HeLa", **SEEDS})
    assert config.segment.seeds.method == "file"
    assert config.reads_seeds
    config = build_config({"mode": "track", "segment": {"seeds": {"z_divisor": 2}}, **SEEDS}, axes=lambda _: 2)
    assert config.segment.seeds.z_divisor == 2
    config = build_config({"mode": "track", "segment": {"seeds": {"method": "seeds"}}, **SEEDS}, axes=lambda _: 2)
    assert not config.reads_seeds
    some = {"sequences": [*SEEDS["sequences"], {"name": "02", "images": "d"}]}
    assert "sequence 02 names no seeds" in refusal({"mode": "track", "movie": {"um_per_voxel": FLAT}, **some})


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"mode": "link", **PLAIN}, "sequence 01 names no masks; add masks, or choose mode: track"),
        ({"mode": "link", **MASKS, "segment": {"method": "seeds"}}, "segment.method is 'seeds', expected 'given'"),
        ({"mode": "link", **MASKS, "fill": {"method": "shape"}}, "fill.method is 'shape', expected 'none'"),
        ({"mode": "track", **MASKS, "segment": {"method": "given"}}, "segment.method is 'given', expected 'sam2'"),
        ({"mode": "link_and_generate", **MASKS, "fill": {"method": "none"}}, "fill.method is 'none', expected 'sam2'"),
        ({"mode": "trak", **PLAIN}, "mode: Input should be 'link', 'link_and_generate' or 'track', found 'trak'"),
    ],
)
def test_contradictions_are_told(raw: dict[str, Any], said: str) -> None:
    message = refusal({"movie": {"um_per_voxel": FLAT}, **raw})
    assert said in message
    assert message.startswith("my.yaml: ")


def test_a_section_may_say_what_the_mode_says() -> None:
    assert allowed_methods("link", "segment") == ["given"]
    config = made("link", 2, segment={"method": "given", "missing": "empty"}, fill={"method": "none"})
    assert config.segment.missing == "empty"
    config = made("link_and_generate", 2, segment={"missing": "empty"}, fill={"detail": 2.0})
    assert (config.segment.missing, config.fill.detail) == ("empty", 2.0)


def test_a_simulated_movie_has_masks() -> None:
    sequence = {"name": "01", "simulate": {"frames": 3, "shape_px": [64, 64]}}
    assert build_config({"mode": "link_and_generate", "sequences": [sequence]}).segment.method == "given"

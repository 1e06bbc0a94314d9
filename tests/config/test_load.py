"""From YAML to a configuration: what is accepted, what is refused, and how the refusal is told."""

from pathlib import Path

import pytest

from samtrack.config import Config, build_config, load_config, merge, preset_names, read_preset
from samtrack.config.load import parse_override, read_yaml
from samtrack.config.segment import GivenSettings, SeedsSettings
from samtrack.errors import SettingsError

SEQUENCE = {"name": "01", "images": "data/01"}


def refusal(raw: object, source: str = "my.yaml") -> str:
    """The message with which a configuration is refused."""
    with pytest.raises(SettingsError) as caught:
        build_config(raw, source)
    return str(caught.value)


def test_nothing_given_is_the_default_configuration() -> None:
    assert build_config({}) == Config()
    assert load_config(None) == Config()


@pytest.mark.parametrize(
    ("raw", "path", "nearest"),
    [
        ({"link": {"max_gap_frame": 3}}, "link.max_gap_frame", "max_gap_frames"),
        ({"lnk": {}}, "lnk", "link"),
        ({"sequences": [{**SEQUENCE, "truht": "x"}]}, "sequences.0.truht", "truth"),
        ({"segment": {"method": "seeds", "sensitivty": 0.4}}, "segment.seeds.sensitivty", "sensitivity"),
        ({"segment": {"method": "given", "mising": "empty"}}, "segment.given.mising", "missing"),
        ({"resources": {"memory": 4}}, "resources.memory", "memory_gb"),
    ],
)
def test_unknown_key_names_its_path_and_the_nearest_known(raw: dict, path: str, nearest: str) -> None:
    assert f"{path}: unknown key. Did you mean {nearest!r}?" in refusal(raw)


def test_the_old_name_of_the_linker_is_told_the_new_one() -> None:
    message = refusal({"associate": {"solver": "ilp"}})
    assert (
        message
        == "my.yaml: associate: solver is called linker now: write linker: joint for ilp, linker: greedy for greedy."
    )


def test_unknown_key_far_from_all_lists_the_known() -> None:
    message = refusal({"report": {"zzz": 1}})
    assert "report.zzz: unknown key. Known: frames_shown, megabytes, tail_frames." in message


def test_refusal_names_the_file_the_value_and_the_bound() -> None:
    message = refusal({"link": {"max_gap_frames": 11}}, source="my.yaml")
    assert message.startswith("my.yaml: link.max_gap_frames: ")
    assert "10" in message
    assert "11" in message


def test_field_of_another_method_is_refused() -> None:
    assert build_config({"segment": {"method": "seeds", "sensitivity": 0.4}}).segment.sensitivity == 0.4
    message = refusal({"segment": {"method": "given", "sensitivity": 0.4}, "sequences": [{**SEQUENCE, "masks": "m"}]})
    assert "segment.given.sensitivity: unknown key" in message


def test_unknown_method_lists_the_known() -> None:
    message = refusal({"segment": {"method": "watershed"}})
    for word in ("segment", "watershed", "given", "seeds"):
        assert word in message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.0, "wide"])
def test_numbers_out_of_range_are_refused(value: object) -> None:
    assert "link.gate_radii" in refusal({"link": {"gate_radii": value}})


def test_many_faults_are_counted_not_all_listed() -> None:
    raw = {"report": {f"key{i}": i for i in range(8)}}
    message = refusal(raw)
    assert message.count("unknown key") == 5
    assert "… and 3 more." in message


def test_given_masks_need_masks_or_a_simulation() -> None:
    given = {"segment": {"method": "given"}}
    message = refusal({**given, "sequences": [SEQUENCE]})
    assert "segment.method is 'given' but sequence 01 names no masks" in message
    with_masks = build_config({**given, "sequences": [{**SEQUENCE, "masks": "data/01_ERR_SEG"}]})
    assert isinstance(with_masks.segment, GivenSettings)
    assert build_config({**given, "sequences": [{"name": "01", "simulate": {}}]}).sequences[0].simulate is not None


@pytest.mark.parametrize("sequence", [{"name": "01"}, {"name": "01", "images": "x", "simulate": {}}])
def test_a_sequence_has_exactly_one_source(sequence: dict) -> None:
    assert "sequence 01 needs exactly one of 'images' and 'simulate'" in refusal({"sequences": [sequence]})


def test_sequence_names_differ() -> None:
    assert "found twice: 01" in refusal({"sequences": [SEQUENCE, SEQUENCE]})


@pytest.mark.parametrize("name", ["", "a/b", "../x", "two words", ".hidden"])
def test_names_are_fit_for_files(name: str) -> None:
    assert "sequences.0.name" in refusal({"sequences": [{**SEQUENCE, "name": name}]})
    assert "dataset" in refusal({"dataset": name})


def test_configuration_is_frozen_to_the_leaves() -> None:
    config = build_config({"sequences": [SEQUENCE]})
    for section, key in [(config, "out"), (config.link, "candidates"), (config.sequences[0], "images")]:
        with pytest.raises(ValueError, match="frozen"):
            setattr(section, key, "changed")
    hash(config)  # nothing in it can be changed in place either


def test_sequences_are_found_by_name() -> None:
    config = build_config({"out": "results/x", "sequences": [SEQUENCE, {"name": "02", "images": "data/02"}]})
    assert config.sequence("02").images == "data/02"
    with pytest.raises(SettingsError, match="03"):
        config.sequence("03")


class TestMerge:
    def test_over_wins_key_by_key_and_below_is_kept(self) -> None:
        under = {"link": {"candidates": 3, "gate_radii": 2.0}, "out": "a"}
        over = {"link": {"candidates": 7}, "dataset": "d"}
        assert merge(under, over) == {"link": {"candidates": 7, "gate_radii": 2.0}, "out": "a", "dataset": "d"}
        assert under == {"link": {"candidates": 3, "gate_radii": 2.0}, "out": "a"}

    def test_change_of_method_starts_the_section_afresh(self) -> None:
        under = {"segment": {"method": "seeds", "polarity": "dark"}}
        assert merge(under, {"segment": {"method": "given"}}) == {"segment": {"method": "given"}}

    def test_same_method_or_none_keeps_the_section(self) -> None:
        under = {"segment": {"method": "seeds", "polarity": "dark"}}
        expected = {"segment": {"method": "seeds", "polarity": "dark", "split": 0.1}}
        assert merge(under, {"segment": {"method": "seeds", "split": 0.1}}) == expected
        assert merge(under, {"segment": {"split": 0.1}}) == expected

    def test_empty_section_changes_nothing_but_a_null_value_does(self) -> None:
        under = {"link": {"candidates": 3}, "movie": {"minutes_per_frame": 5}}
        assert merge(under, {"link": None}) == under
        assert merge(under, {"movie": {"minutes_per_frame": None}})["movie"] == {"minutes_per_frame": None}

    def test_lists_are_replaced_not_joined(self) -> None:
        assert merge({"sequences": [SEQUENCE]}, {"sequences": []}) == {"sequences": []}

    def test_preset_lies_under_the_file(self) -> None:
        preset = read_preset("DIC-C2DH-HeLa")
        assert preset["segment"]["polarity"] == "texture"
        config = build_config({"preset": "DIC-C2DH-HeLa", "segment": {"split": 0.2}, "export": {"ctc": False}})
        assert isinstance(config.segment, SeedsSettings)
        assert (config.segment.polarity, config.segment.split) == ("texture", 0.2)
        assert config.export.field_of_interest_px == preset["export"]["field_of_interest_px"]
        assert not config.export.ctc


class TestOverrides:
    @pytest.mark.parametrize(
        ("text", "nested"),
        [
            ("link.max_gap_frames=3", {"link": {"max_gap_frames": 3}}),
            ("out=a=b", {"out": "a=b"}),
            ("movie.um_per_voxel=[0.5,0.5]", {"movie": {"um_per_voxel": [0.5, 0.5]}}),
            ("preset=", {"preset": None}),
        ],
    )
    def test_key_and_yaml_value(self, text: str, nested: dict) -> None:
        assert parse_override(text) == nested

    @pytest.mark.parametrize("text", ["link.max_gap_frames", "=3", "link=[1,"])
    def test_anything_else_is_refused_by_name(self, text: str) -> None:
        with pytest.raises(SettingsError, match="--set"):
            parse_override(text)

    def test_overrides_win_over_the_file_in_order(self, tmp_path: Path) -> None:
        path = tmp_path / "c.yaml"
        path.write_text("link: {candidates: 3, max_gap_frames: 1}\n")
        config = load_config(path, ["link.candidates=7", "link.candidates=8"])
        assert (config.link.candidates, config.link.max_gap_frames) == (8, 1)

    def test_file_wins_over_the_base(self, tmp_path: Path) -> None:
        path = tmp_path / "c.yaml"
        path.write_text("blocks:\n  frames: 9\n")
        config = load_config(path, base={"blocks": {"frames": 3}, "resources": {"workers": 5}})
        assert (config.blocks.frames, config.resources.workers) == (9, 5)


class TestFiles:
    def test_comments_alone_are_an_empty_configuration(self, tmp_path: Path) -> None:
        path = tmp_path / "c.yaml"
        path.write_text("# nothing chosen\n")
        assert read_yaml(path) == {}

    @pytest.mark.parametrize(("text", "told"), [("- a\n", "holds a list"), ("a: [", "not valid YAML")])
    def test_what_is_no_mapping_is_refused(self, tmp_path: Path, text: str, told: str) -> None:
        path = tmp_path / "c.yaml"
        path.write_text(text)
        with pytest.raises(SettingsError, match=told) as caught:
            read_yaml(path)
        assert str(path) in str(caught.value)

    def test_a_missing_file_is_told_by_name(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match=r"absent\.yaml: cannot be read"):
            load_config(tmp_path / "absent.yaml")

    def test_a_preset_can_be_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.yaml"
        path.write_text("link: {candidates: 9}\n")
        assert build_config({"preset": str(path)}).link.candidates == 9


def test_unknown_preset_names_the_nearest() -> None:
    assert "Did you mean 'Fluo-N2DL-HeLa'?" in refusal({"preset": "Fluo-N2DL-Hela"})
    assert "preset must be a name, found 3" in refusal({"preset": 3})
    assert "Fluo-N2DL-HeLa" in preset_names()


def test_a_network_is_switched_off_in_plain_yaml() -> None:
    """An unquoted off is false to YAML."""
    assert load_config(None, ["link.sam2=off"]).link.sam2 == "off"
    assert load_config(None, ["link.sam2=on"]).link.sam2 == "on"
    assert build_config({}).link.sam2 == "off"
    with pytest.raises(SettingsError, match=r"link\.sam2: Input should be 'auto', 'off' or 'on', found 'maybe'"):
        load_config(None, ["link.sam2=maybe"])


def test_a_network_is_asked_no_farther_than_links_reach() -> None:
    assert load_config(None, ["link.propagate_frames=3"]).link.propagate_frames == 3
    with pytest.raises(SettingsError, match="no link reaches farther than 1 frames; lower it, or raise max_gap_frames"):
        load_config(None, ["link.propagate_frames=2", "link.max_gap_frames=0"])


def test_where_there_are_images_the_network_is_asked() -> None:
    def asked(sequence: dict[str, object], sam2: str) -> bool:
        config = build_config({"sequences": [{"name": "01", **sequence}], "link": {"sam2": sam2}})
        return config.links_with_sam2(config.sequences[0])

    images, masks, made = {"images": "a"}, {"images": "a", "masks": "a"}, {"simulate": {}}
    assert [asked(sequence, "auto") for sequence in (images, masks, made)] == [True, False, True]
    assert [asked(images, "off"), asked(masks, "on")] == [False, True]

"""The command line of training: options win over the recipe, errors are one line."""

from pathlib import Path

import pytest

from samtrack.cli.main import main
from samtrack.stages import train_sam2


def test_options_win_over_the_recipe(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(train_sam2, "run_train_sam2", seen.append)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("steps: 7\nrate: 0.5\nlosses: {dice: 3}\n")
    out = tmp_path / "net"
    assert (
        main(["train", "sam2", "--recipe", str(recipe), "--out", str(out), "--steps", "9", "--set", "lora.rank=4"]) == 0
    )
    settings = seen[0].settings
    assert (settings.steps, settings.rate, settings.losses.dice, settings.lora.rank) == (9, 0.5, 3.0, 4)
    assert seen[0].out == out


@pytest.mark.parametrize(
    ("option", "told"), [("stepz=3", "Did you mean 'steps'"), ("rate=-1", "rate"), ("losses.focus=1", "losses.focus")]
)
def test_a_wrong_setting_is_one_error(tmp_path, capsys, option, told):
    assert main(["train", "sam2", "--out", str(tmp_path), "--set", option]) == 2
    assert told in capsys.readouterr().err


def test_the_recipe_that_ships_is_valid():
    from samtrack.config.load import check_recipe, read_yaml
    from samtrack.config.train_sam2 import TrainSam2Settings

    settings = check_recipe(
        read_yaml(Path(__file__).parents[2] / "config/train/samtrack-tiny-1.yaml"), "recipe", TrainSam2Settings
    )
    assert settings.start == "scratch"
    assert not settings.data

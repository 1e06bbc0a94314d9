"""The command line of training for volumes: options win over the recipe, a configuration alone means its sequences."""

from pathlib import Path

from samtrack.cli.main import main
from samtrack.config.load import check_recipe, read_yaml
from samtrack.config.train_sammed3d import TrainSamMed3DSettings
from samtrack.models.sammed3d.build import random_model
from samtrack.models.sammed3d.sizes import MODEL_TYPE, Sizes
from samtrack.stages import train_sammed3d

RECIPE = Path(__file__).parents[2] / "config/train/samtrack-tiny-3d-1.yaml"


def test_options_win_over_the_recipe(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(train_sammed3d, "run_train_sammed3d", seen.append)
    command = ["train", "sammed3d", "--recipe", str(RECIPE), "--out", str(tmp_path), "--steps", "9"]
    assert main([*command, "--set", "lora.rank=4"]) == 0
    settings = seen[0].settings
    assert (settings.steps, settings.cell_px, settings.lora.rank) == (9, 26.0, 4)


def test_a_configuration_alone_means_its_sequences(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(train_sammed3d, "run_train_sammed3d", seen.append)
    for name in ("01", "masks"):
        (tmp_path / name).mkdir()
    config = tmp_path / "config.yaml"
    config.write_text(
        f"sequences: [{{name: '01', images: {tmp_path / '01'}, masks: {tmp_path / 'masks'}}}]\n"
        "train3d: {steps: 7, patience: 2}\n"
    )
    assert main(["train", "sammed3d", "--config", str(config), "--out", str(tmp_path / "net")]) == 0
    assert (seen[0].settings.steps, seen[0].settings.data) == (7, (str(tmp_path / "01"),))
    assert seen[0].out == tmp_path / "net"


def test_a_wrong_setting_is_one_error(tmp_path, capsys):
    assert main(["train", "sammed3d", "--out", str(tmp_path), "--set", "stepz=3"]) == 2
    assert "Did you mean 'steps'" in capsys.readouterr().err


def test_the_recipe_that_ships_makes_a_small_network():
    settings = check_recipe(read_yaml(RECIPE), "recipe", TrainSamMed3DSettings)
    network = random_model(Sizes.of_config({"model_type": MODEL_TYPE, **settings.architecture}))
    assert sum(p.numel() for p in network.parameters()) < 5e6

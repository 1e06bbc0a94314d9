"""Options on top of a recipe file."""

import argparse

from samtrack.cli.train_recipe import add_recipe_options, raw_recipe


def test_options_lie_on_the_file_and_what_is_not_given_does_not(tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("steps: 7\nstart: a\nlosses: {dice: 3, iou: 1}\n")
    parser = argparse.ArgumentParser()
    add_recipe_options(parser, "tiny", "images", "masks")
    command = ["--recipe", str(recipe), "--out", "o", "--start", "b", "--data", "x", "y", "--set", "losses.iou=2"]
    assert raw_recipe(parser.parse_args(command)) == {
        "steps": 7,
        "start": "b",
        "data": ["x", "y"],
        "losses": {"dice": 3, "iou": 2},
    }

"""The command line of patches: what is missing is said in one line."""

from samtrack.cli import patches
from samtrack.cli.main import main


def test_movies_without_masks_are_one_error(tmp_path, capsys):
    assert main(["patches", "--data", str(tmp_path / "01"), "--out", str(tmp_path / "out")]) == 2
    assert "has no masks beside it" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_its_help_says_that_training_needs_no_files():
    assert "reads the same tiles out of the movies" in patches.EXAMPLE

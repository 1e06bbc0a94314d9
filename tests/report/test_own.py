"""The room's own files come with the package."""

from samtrack.report.own import own_file
from samtrack.report.page import SCRIPTS


def test_skeletons_and_scripts_are_there() -> None:
    assert own_file("page.html").startswith("<!DOCTYPE html>")
    for name in SCRIPTS:
        assert own_file(f"page_{name}.js").startswith("//"), "each part says what it is"

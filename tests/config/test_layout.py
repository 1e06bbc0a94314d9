"""Where everything of a run lies: every path below `out`, none twice, none shared by two sequences."""

from pathlib import Path

from samtrack.config import build_config
from samtrack.config.layout import Layout, sources_of


def paths(layout: Layout) -> dict[str, Path]:
    """Every path of a sequence by name."""
    properties = [name for name, value in vars(Layout).items() if isinstance(value, property)]
    methods = ["labels", "detections", "evidence", "links", "divisions", "patches"]
    return {name: getattr(layout, name) for name in properties} | {
        m: getattr(layout, m)("00000-00025") for m in methods
    }


def test_paths_differ_and_lie_below_out() -> None:
    of_two = [path for name in ("01", "02") for path in paths(Layout(Path("results/x"), name)).values()]
    assert len(set(of_two)) == len(of_two)
    assert all(path.is_relative_to("results/x") for path in of_two)


def test_names_that_people_and_the_challenge_expect() -> None:
    found = paths(Layout(Path("results/x"), "01"))
    assert found["result"] == Path("results/x/01_RES")
    assert found["movie"] == Path("results/x/01.ome.zarr")
    assert found["tracked"].parent == found["movie"] / "labels"


def test_blocks_have_their_own_files_and_braces_pass_through() -> None:
    layout = Layout(Path("out"), "{sequence}")
    assert layout.links("{block}") == Path("out/{sequence}_work/links/{block}.parquet")
    assert layout.links("00000-00025") != layout.links("00025-00050")


def test_sources_are_what_the_user_named() -> None:
    raw = {"name": "01", "images": "a/01", "masks": "a/01_ERR_SEG"}
    config = build_config({"sequences": [raw, {"name": "02", "images": "a/02", "truth": "a/02_GT"}]})
    first, second = (sources_of(config, sequence) for sequence in config.sequences)
    assert (first.images, first.masks, first.truth) == (Path("a/01"), Path("a/01_ERR_SEG"), None)
    assert (second.images, second.masks, second.truth) == (Path("a/02"), None, Path("a/02_GT"))


def test_sources_of_a_simulation_lie_below_out() -> None:
    config = build_config({"out": "results/s", "sequences": [{"name": "01", "simulate": {}}]})
    sources = sources_of(config, config.sequences[0])
    folders = [sources.images, sources.masks, sources.truth]
    assert all(folder is not None and folder.is_relative_to("results/s") for folder in folders)
    assert len(set(folders)) == 3

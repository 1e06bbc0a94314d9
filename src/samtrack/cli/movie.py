"""``samtrack run``: one movie through the same Snakemake workflow that datasets use."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import Any

from samtrack.config import Config, build_config, merge, preset_names
from samtrack.config.layout import Layout
from samtrack.config.load import Axes, parse_override, read_yaml
from samtrack.errors import SettingsError
from samtrack.stages.workflow import workflow_folder

FILES = ("images", "masks", "seeds", "first_frame", "truth")
"""Options that name files of the sequence."""

EXAMPLE = """\
examples:
  samtrack run --images data/Fluo-N2DL-HeLa/01 --out results/HeLa --preset Fluo-N2DL-HeLa
  samtrack run --images movie.tif --masks movie_masks --out results/movie --set link.max_gap_frames=3
  samtrack run --images movie.ome.zarr --mode track --seeds points --out results/movie

Images .../01 give OUT/01_RES/mask*.tif and OUT/01_RES/res_track.txt, OUT/01.ome.zarr (image and tracks),
OUT/01_tracks.csv, OUT/01_report.html and, with --truth, OUT/01_scores.json.
A run that was stopped, however, goes on where it was when the same command is given again.
"""


def add_run(commands: Any) -> None:
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "run",
        help="track one movie, from images to result, page and scores",
        description="Track one movie, from images to a valid CTC result, a report page and, given the truth, scores.",
        epilog=EXAMPLE + f"\npresets: {', '.join(preset_names())}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_movie_options(parser, is_needed=True)
    parser.add_argument("--cores", type=int, default=os.cpu_count(), metavar="N", help="processor cores (default: all)")
    parser.set_defaults(run=_run)


def add_movie_options(parser: argparse.ArgumentParser, is_needed: bool) -> None:
    """Add the options that name one movie and its settings (`configuration_of`)."""
    parser.add_argument(
        "--images", type=Path, required=is_needed, metavar="PATH", help="TIFF folder or file, or OME-Zarr"
    )
    parser.add_argument("--out", type=Path, required=is_needed, metavar="DIR", help="folder for all results")
    parser.add_argument("--masks", type=Path, metavar="DIR", help="label images to link; without, cells are found")
    parser.add_argument("--mode", metavar="MODE", help="link, link_and_generate or track (docs/modes.md)")
    parser.add_argument(
        "--seeds", type=Path, metavar="PATH", help="with --mode track: points in the cells of each frame"
    )
    parser.add_argument(
        "--first-frame", type=Path, metavar="PATH", help="keep only these cells of frame 0 and their descendants"
    )
    parser.add_argument("--truth", type=Path, metavar="DIR", help="CTC truth (TRA, SEG) to score against")
    parser.add_argument("--preset", metavar="NAME", help="named settings to start from (listed below)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings, on top of the preset")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="one setting, on top of all; repeatable"
    )


def _run(options: argparse.Namespace) -> None:
    """Write the resolved configuration, then become Snakemake."""
    from samtrack.stages.plan import complete, count_axes, lock, save_run_config

    if options.cores < 1:
        raise SettingsError(f"--cores is {options.cores}, expected 1 or more.")
    config = complete(configuration_of(options, count_axes), options.out)
    out = options.out.resolve()
    lock(out)
    os.chdir(out)
    path = save_run_config(config)
    os.environ["XDG_CACHE_HOME"] = str(cache_folder(out))
    page = Layout(out, config.sequences[0].name).page
    sys.stderr.write(f"{config.sequences[0].images}: tracked in {out}; the page will be {page}\n")
    sys.stderr.flush()
    os.execv(sys.executable, snakemake_command(path, options.cores))


def configuration_of(options: argparse.Namespace, axes: Axes | None = None) -> Config:
    """The configuration of a single movie: defaults, preset, file, command line; ``axes`` as in `build_config`."""
    name = sequence_name(options.images)
    raw: dict[str, Any] = read_yaml(options.config) if options.config else {}
    if raw.get("sequences"):
        raise SettingsError(
            f"{options.config}: names sequences, so it is a dataset's file. Run it with "
            f"`snakemake --cores {options.cores} --configfile {options.config}`, or leave 'sequences' out."
        )
    if options.preset:
        raw["preset"] = options.preset
    if options.mode:
        raw["mode"] = options.mode
    if options.first_frame:
        raw["lineages"] = "from_first_frame"
    if options.masks and not raw.get("mode"):
        raw = merge({"segment": {"method": "given"}}, raw)
    movie = {key: str(value.resolve()) for key in FILES if (value := getattr(options, key))}
    raw.setdefault("dataset", _as_name(options.images.resolve().parent.name))
    raw |= {"out": ".", "sequences": [{"name": name, **movie}]}
    for override in options.set:
        raw = merge(raw, parse_override(override))
    config = build_config(raw, str(options.config or "samtrack run"), axes)
    _require_used(options, config)
    if config.link.model is None:
        return config
    model = str(Path(config.link.model).resolve())  # the run goes on in its output folder
    return config.model_copy(update={"link": config.link.model_copy(update={"model": model})})


def _require_used(options: argparse.Namespace, config: Config) -> None:
    """Raise if the user names files that the configuration does not read."""
    if options.seeds and not config.reads_seeds:
        raise SettingsError(
            f"--seeds {options.seeds}: no method reads it, since segment.method is {config.segment.method!r}. Add --mode "
            "track."
        )
    if options.masks and config.mode == "track":
        raise SettingsError(
            f"--masks {options.masks}: mode 'track' finds the cells itself and does not read them. Choose --mode link or "
            "link_and_generate, or give them as --seeds, of which it takes the centroids."
        )


def sequence_name(images: Path) -> str:
    """The name of a movie from its path: ``.../01`` is 01, ``movie.ome.tif`` is movie."""
    name = images.resolve().name
    if not images.is_dir() or name.endswith(".zarr"):
        name = re.sub(r"(\.ome)?\.(tiff?|zarr|btf|tf8|tf2)$", "", name, flags=re.IGNORECASE)
    return _as_name(name)


def _as_name(text: str) -> str:
    return re.sub(r"^[^A-Za-z0-9]+|[^A-Za-z0-9_.+-]", "_", text).lstrip("_") or "movie"


def snakemake_command(config: Path, cores: int) -> list[str]:
    """The command line that runs the workflow on a configuration, in the current folder."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(workflow_folder() / "Snakefile")]
    command += ["--configfile", str(config), "--cores", str(cores), "--workflow-profile", "none"]
    return [*command, "--nolock", "--rerun-incomplete", "--quiet", "host", "reason"]


def cache_folder(out: Path) -> Path:
    """Where Snakemake may keep its cache: the user's cache folder, or one beside the results if that is not writable."""
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME", "/")) / ".cache")
    try:
        (usual / "snakemake").mkdir(parents=True, exist_ok=True)
        writable = os.access(usual / "snakemake", os.W_OK)
    except OSError:
        writable = False
    if not writable:
        sys.stderr.write(f"{usual}: cannot be written, so caches go to {out / '.cache'}\n")
    return usual if writable else out / ".cache"

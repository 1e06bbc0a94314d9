"""Commands of the stages between images and result. Each takes a configuration and an address within it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samtrack.config import load_config

if TYPE_CHECKING:
    from samtrack.stages.address import Address

Options = argparse.Namespace


def add_stage_commands(commands: Any) -> None:
    """Add one command per stage."""
    _add(commands, "simulate", _simulate, "make a movie with known truth, in CTC layout", block=False)
    _add(commands, "ingest", _ingest, "images to OME-Zarr", block=False)
    segment = _add(commands, "segment", _segment, "images, or given masks, to labels", block=True)
    segment.add_argument("--diameter", action="store_true", help="instead of a block: measure how large a cell is")
    measure = _add(commands, "measure", _measure, "labels to a table of detections", block=True)
    measure.add_argument(
        "--summarise", action="store_true", help="instead of a block: what is typical of a cell, over all blocks"
    )
    _add(commands, "propagate", _propagate, "what SAM 2 says of where cells go and came from", block=True)
    _add(commands, "link", _link, "detections to candidate links with probabilities", block=True)
    associate = _add(commands, "associate", _associate, "candidates of the whole movie to tracks", block=False)
    associate.add_argument(
        "--lineages", action="store_true", help="instead: which tracks descend from the cells of the first frame"
    )
    _add(commands, "fill", _fill, "masks for frames in which a tracked cell was missed", block=True)
    export = _add(commands, "export", _export, "tracks to OME-Zarr labels, tables and CTC masks", block=False)
    export.add_argument(
        "--part",
        choices=["tracks", "ctc", "files"],
        default="tracks",
        help="labels and tables; or, made of them, the CTC result or the files for other programs",
    )


def _add(commands: Any, name: str, run: Any, text: str, block: bool) -> argparse.ArgumentParser:
    example = f"samtrack {name} --config results/demo2d/run_config.yaml --sequence 01"
    example += " --block 00000-00025" if block else ""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=f"Stage {name}: {text}.",
        epilog=f"example:\n  {example}\n\nThe paths of inputs and outputs follow from the configuration's 'out'.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="configuration of the dataset")
    parser.add_argument("--sequence", required=True, metavar="NAME", help="name of the sequence in it")
    if block:
        parser.add_argument("--block", metavar="START-STOP", help="block of frames, as in 00000-00025")
    parser.add_argument("--workers", type=int, metavar="N", help="threads (default: resources.workers)")
    parser.set_defaults(run=run)
    return parser


def address_of(options: Options) -> Address:
    """The part of a movie that a command's options name."""
    from samtrack.stages.address import Address
    from samtrack.stages.plan import complete, count_axes

    overrides = [] if options.workers is None else [f"resources.workers={options.workers}"]
    config = load_config(options.config, overrides, axes=count_axes)
    only = (config.sequence(options.sequence),)
    config = complete(config.model_copy(update={"sequences": only}))
    return Address(config, config.sequence(options.sequence))


def _simulate(options: Options) -> None:
    from samtrack.errors import SettingsError
    from samtrack.stages.simulate import run_simulate

    address = address_of(options)
    settings = address.sequence.simulate
    if settings is None:
        raise SettingsError(f"sequence {options.sequence}: has images, not a recipe (simulate:).")
    run_simulate(settings, address.sources.images.parent, options.sequence, overwrite=True)


def _ingest(options: Options) -> None:
    from samtrack.stages.ingest import run_ingest

    address = address_of(options)
    run_ingest(address.sources.images, address.layout.movie, address.config, address.sequence.frames)


def _segment(options: Options) -> None:
    from samtrack.stages.segment import run_diameter, run_segment

    if options.diameter:
        run_diameter(address_of(options))
    else:
        run_segment(address_of(options), _require_block(options))


def _measure(options: Options) -> None:
    from samtrack.stages.measure import run_measure, run_summarise

    if options.summarise:
        run_summarise(address_of(options))
    else:
        run_measure(address_of(options), _require_block(options))


def _propagate(options: Options) -> None:
    from samtrack.stages.propagate import run_propagate

    run_propagate(address_of(options), _require_block(options))


def _link(options: Options) -> None:
    from samtrack.stages.link import run_link

    run_link(address_of(options), _require_block(options))


def _associate(options: Options) -> None:
    from samtrack.stages.associate import run_associate
    from samtrack.stages.lineages import run_lineages

    run_lineages(address_of(options)) if options.lineages else run_associate(address_of(options))


def _fill(options: Options) -> None:
    from samtrack.stages.fill import run_fill

    run_fill(address_of(options), _require_block(options))


def _export(options: Options) -> None:
    from samtrack.stages.export import run_export_ctc, run_export_tracks
    from samtrack.stages.export_files import run_export_files

    parts = {"tracks": run_export_tracks, "ctc": run_export_ctc, "files": run_export_files}
    parts[options.part](address_of(options))


def _require_block(options: Options) -> str:
    from samtrack.errors import SettingsError

    if not options.block:
        raise SettingsError("--block is missing: name the block of frames to work on, as in --block 00000-00025.")
    return str(options.block)

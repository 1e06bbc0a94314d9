"""Writes the reference pages of the manual from what the program itself knows: its settings and its command line.

``python -m samtrack.cli.reference --write`` after a change of a model or of an option; ``--check`` says whether that was
forgotten.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from samtrack.cli.main import DESCRIPTION, build_parser
from samtrack.config import preset_names
from samtrack.config.generated import Generated
from samtrack.config.reference import config_page

HEAD = f"""\
# Commands

*Generated from the command line itself by `make schema`; do not edit.*

{DESCRIPTION}

Each command explains itself: `samtrack COMMAND --help`. It exits with 0 when it did what it was asked, with 1 when a
check that it made found something (`validate`, `doctor`, `weights verify`), with 2 for an error that it can explain,
with 130 when it was stopped.
"""


def cli_page() -> str:
    """The text of the page of commands."""
    parser = build_parser()
    lines = [HEAD, "| command | |", "|---|---|"]
    for name, _, told in _children(parser):
        lines.append(f"| [`{name}`](#{_anchor(f'samtrack {name}')}) | {_cell(told)} |")
    lines.append("")
    for name, child, _ in _children(parser):
        lines += _command(f"samtrack {name}", child, 2)
    return "\n".join(lines).rstrip() + "\n"


PAGES = Generated(
    "samtrack.cli.reference", lambda: {"config.md": config_page(), "cli.md": cli_page()}, Path("docs/reference")
)


def _children(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """The subcommands of a parser: name, parser, and the line that lists it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            told = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, child in action.choices.items():
                yield name, child, told.get(name, "")


def _command(name: str, parser: argparse.ArgumentParser, level: int) -> list[str]:
    """One command: what it does, how it is called, its options, its examples; then its own subcommands."""
    lines = [
        f"{'#' * level} {name}",
        "",
        (parser.description or "").strip(),
        "",
        "```text",
        _usage(name, parser),
        "```",
        "",
    ]
    rows = [_row(action) for action in parser._actions if _is_told(action)]
    if rows:
        lines += ["| option | default | |", "|---|---|---|", *rows, ""]
    if parser.epilog:
        lines += ["```text", _without_presets(parser.epilog).strip(), "```", ""]
    for child, inner, _ in _children(parser):
        lines += _command(f"{name} {child}", inner, level + 1)
    return lines


def _is_told(action: argparse.Action) -> bool:
    return action.help is not argparse.SUPPRESS and not isinstance(
        action, argparse._HelpAction | argparse._SubParsersAction
    )


def _usage(name: str, parser: argparse.ArgumentParser) -> str:
    """The call in one line; argparse's own is broken by the width of the terminal and differs between versions."""
    parts = [name]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            parts.append(f"{action.metavar or 'COMMAND'} ...")
        elif _is_told(action):
            called = _called(action)
            parts.append(called if action.required else f"[{called}]")
    return " ".join(parts)


def _called(action: argparse.Action) -> str:
    """An option with its value, as it is typed."""
    value = str(action.metavar or (action.dest if not action.option_strings else action.dest.upper()))
    if action.choices is not None and action.metavar is None:
        value = "{" + ",".join(str(choice) for choice in action.choices) + "}"
    if action.nargs in ("+", "*"):
        value = f"{value} [{value} ...]" if action.nargs == "+" else f"[{value} ...]"
    if not action.option_strings:
        return value
    longest = max(action.option_strings, key=len)
    return longest if action.nargs == 0 else f"{longest} {value}"


def _row(action: argparse.Action) -> str:
    """One option; a default that its help names, since it may depend on the machine, is not shown beside it."""
    default, told = action.default, action.help or ""
    silent = default in (None, False, argparse.SUPPRESS) or default == [] or "default" in told
    shown = "required" if action.required and action.option_strings else "" if silent else f"`{default}`"
    return f"| `{_called(action)}` | {shown} | {_cell(told % _Values(action))} |"


class _Values(dict[str, object]):
    """What %(default)s and its like stand for in a help text."""

    def __init__(self, action: argparse.Action) -> None:
        super().__init__(vars(action))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _without_presets(epilog: str) -> str:
    """The epilog without the list of presets, which the page of datasets has."""
    return re.sub(r"\npresets: .*", f"\npresets: {len(preset_names())}, see samtrack run --help", epilog)


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


if __name__ == "__main__":
    sys.exit(PAGES.main())

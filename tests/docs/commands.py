"""Commands named in the manual, found in its text and held against the program that they call."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from tests.docs.pages import ROOT, blocks

from samtrack.cli.main import build_parser
from samtrack.config.load import parse_override

INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
SAMTRACK = re.compile(r"(?:^|[\s(])(?:\.venv/bin/)?samtrack\s+(?=[a-z-])(.*)")
MAKE = re.compile(r"(?:^|[\s(])make\s+(?=[a-z])(.*)")
PLACEHOLDERS = {"N": "1", "START-STOP": "00000-00025"}
"""What stands for a number or a block of frames."""


@dataclass(frozen=True)
class Command:
    """One command: where it is named, its program, and the words after it."""

    where: str
    program: str
    words: tuple[str, ...]


def commands(path: Path) -> Iterator[Command]:
    """All commands of samtrack and make in blocks of shell and in inline code of a page."""
    name = path.relative_to(ROOT).as_posix()
    inside: set[int] = set()
    for block in blocks(path):
        count = len(block.text.splitlines())
        inside |= set(range(block.line, block.line + count))
        if block.language in ("sh", "indented"):
            for number, line in _joined(block.text):
                yield from _commands_of(line, f"{name}:{block.line + number}", block.language == "sh")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if number not in inside:
            for code in INLINE.findall(line):
                yield from _commands_of(code, f"{name}:{number}", False)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Lines of a shell, those that go on joined, those of a here-document left out."""
    kept, begun, end = "", 0, ""
    for number, line in enumerate(text.splitlines()):
        if end:
            end = "" if line == end else end
            continue
        if here := re.search(r"<<\s*'?(\w+)'?", line):
            end = here[1]
            continue
        begun = begun if kept else number
        kept += line.removesuffix("\\")
        if not line.endswith("\\"):
            yield begun, kept
            kept = ""


def _commands_of(line: str, where: str, strict: bool) -> Iterator[Command]:
    for program, pattern in (("samtrack", SAMTRACK), ("make", MAKE)):
        found = pattern.match(line) if not strict else pattern.search(line)
        if found is None or (found.start() and not line[: found.end()].strip().startswith(program) and not strict):
            continue
        text = re.split(r"\s{2,}(?=[a-z])|\s\|\s|\s&&\s|;|\s>\s", found[1])[0]
        words = shlex.split(text, comments=True)
        if words:
            yield Command(where, program, tuple(words))


class _ToldError(Exception):
    """What argparse has against a command."""


def fault_of_samtrack(words: tuple[str, ...]) -> str:
    """What the real parser has against a command of samtrack; empty if nothing. A command alone names a page of help."""
    parser = build_parser()
    deepest = parser
    for word in words:
        children = _children(deepest)
        if word not in children:
            break
        deepest = children[word]
    for one in _all(parser):
        one.error = _raise  # type: ignore[method-assign]
    given = [PLACEHOLDERS.get(word, word) for word in words if word != "…"]
    if given[-1] in ("--help", "--version"):
        given = given[:-1]
    if "…" in words or len(given) < 3:  # a fragment: only what it names must exist
        return _unknown(given, deepest)
    try:
        options = parser.parse_args(given)
    except _ToldError as told:
        return str(told)
    for text in getattr(options, "set", None) or []:
        if options.command in ("run", "plan") and (fault := _setting_fault(text)):
            return fault
    return ""


def _unknown(words: list[str], deepest: argparse.ArgumentParser) -> str:
    known = {text for action in deepest._actions for text in action.option_strings}
    first = _children(build_parser())
    if words[0] not in first:
        return f"no command {words[0]}; there are {', '.join(first)}"
    options = [word for word in words if word.startswith("--") and word not in known]
    return f"no option {', '.join(options)}" if options else ""


def _setting_fault(text: str) -> str:
    """Whether a key given with --set is one of the settings; its value is the reader's."""
    keys = []
    node = parse_override(text)
    while isinstance(node, dict) and node:
        key, node = next(iter(node.items()))
        keys.append(key)
    path = ".".join(keys)
    known = (ROOT / "docs" / "reference" / "config.md").read_text(encoding="utf-8")
    section, _, key = path.rpartition(".")
    headings = [part for part in re.split(r"^#+ ", known, flags=re.MULTILINE) if re.match(rf"{section}(:|\n)", part)]
    return "" if any(f"| `{key}` |" in part for part in headings) else f"no setting {path}"


def _children(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found.update(action.choices)
    return found


def _all(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for child in _children(parser).values():
        yield from _all(child)


def _raise(message: str) -> None:
    raise _ToldError(message)


def make_targets() -> set[str]:
    """Targets of the Makefile, those of a pattern written out."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = set(re.findall(r"^([a-z][\w-]*)\s*:(?!=)", text, re.MULTILINE))
    return found | {f"bench-{p.stem.removeprefix('bench_')}" for p in (ROOT / "benchmarks").glob("bench_*.py")}


def fault_of_make(words: tuple[str, ...]) -> str:
    """Which of the targets does not exist; empty if all do."""
    targets = make_targets()
    lacking = [word for word in words if "=" not in word and not word.startswith("-") and word not in targets]
    return f"no target {', '.join(lacking)}" if lacking else ""


def yaml_faults(path: Path) -> list[str]:
    """Blocks of YAML in a page that are none."""
    found = []
    for block in blocks(path):
        if block.language == "yaml":
            try:
                yaml.safe_load(block.text)
            except yaml.YAMLError as error:
                found.append(f"{path.name}:{block.line}: {error}")
    return found

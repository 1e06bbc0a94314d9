"""The pages of the manual as tests read them: blocks of code with their language and line, and paths named in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FENCE = re.compile(r"^( *)```(\w*)\s*$")
NOTE = re.compile(r"^<!-- (.*) -->$")
NAMED = re.compile(r"`(results/[\w./+-]+)`")
GENERATED = ("reference/cli.md", "reference/config.md")


@dataclass(frozen=True)
class Block:
    """Code between two fences, or indented by four: language ("indented" for these), text, first line, note before it."""

    language: str
    text: str
    line: int
    note: str = ""


def pages() -> list[Path]:
    """README and all pages, those written from the program not."""
    found = sorted((ROOT / "docs").rglob("*.md"))
    return [ROOT / "README.md", *(p for p in found if p.relative_to(ROOT / "docs").as_posix() not in GENERATED)]


def blocks(path: Path) -> list[Block]:
    """All blocks of code of a page, in order."""
    found: list[Block] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    note, open_at, language = "", -1, ""
    for number, line in enumerate(lines):
        fence = FENCE.match(line)
        if open_at >= 0:
            if fence:
                found.append(Block(language, "\n".join(lines[open_at + 1 : number]), open_at + 2, note))
                open_at, note = -1, ""
        elif fence:
            open_at, language = number, fence[2]
        elif line.startswith("    ") and (number == 0 or not lines[number - 1].strip()):
            rest = lines[number:]
            length = next((i for i, text in enumerate(rest) if text.strip() and not text.startswith("    ")), len(rest))
            found.append(Block("indented", "\n".join(text[4:] for text in rest[:length]), number + 1))
        elif line.strip():
            told = NOTE.match(line)
            note = told[1] if told else ""
    assert open_at < 0, f"{path}: a block that begins in line {open_at + 1} has no end"
    return found


@dataclass(frozen=True)
class Step:
    """Commands of a tutorial and the lines that they are to print, in this order; a note says when they are not run."""

    line: int
    commands: str
    expected: tuple[str, ...]
    note: str = ""


def steps(path: Path) -> list[Step]:
    """The commands of a tutorial; a block of text after them is what they print."""
    found: list[Step] = []
    for block in blocks(path):
        if block.language == "sh":
            found.append(Step(block.line, block.text, (), block.note))
        elif block.language == "text":
            last = found[-1]
            expected = tuple(line.strip() for line in block.text.splitlines() if line.strip())
            found[-1] = Step(last.line, last.commands, last.expected + expected, last.note)
    return found


def missing_lines(expected: tuple[str, ...], told: str) -> list[str]:
    """Expected lines that are not in the output in this order; the parts around "…" may have anything between them."""
    lacking, rest = [], told.splitlines()
    for line in expected:
        pattern = re.compile(".*".join(re.escape(part.strip()) for part in line.split("…")))
        position = next((i for i, text in enumerate(rest) if pattern.search(text)), None)
        if position is None:
            lacking.append(line)
        else:
            rest = rest[position:]
    return lacking


def named_results(path: Path) -> list[str]:
    """Paths below ``results`` that the prose of a page names in backticks."""
    return sorted(set(NAMED.findall(path.read_text(encoding="utf-8"))))

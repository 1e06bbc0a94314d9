"""The tree of the project: tests mirror the package, nothing generated is stale, nothing points at one machine."""

import ast
import re
from pathlib import Path

from samtrack.config.generate import FILES

WITHOUT_A_TEST_OF_THEIR_OWN: dict[str, str] = {
    "src/samtrack/errors.py": "five empty classes; every test that expects one of them tests it",
    "src/samtrack/config/section.py": "tests/config/test_schema.py holds every section against it",
    "src/samtrack/cli/results.py": "tests/cli/test_bad_input.py drives it through main, tests/workflow as a command",
    "src/samtrack/cli/stages.py": "tests/cli/test_bad_input.py drives it through main, tests/workflow as a command",
    "src/samtrack/cli/train.py": "tests/stages/test_train_links.py drives it through main",
    "src/samtrack/evaluate/biology.py": "tests/evaluate/test_ctc.py compares every measure with py-ctcmetrics",
    "src/samtrack/evaluate/graph.py": "tests/evaluate/test_ctc.py compares every measure with py-ctcmetrics",
    "src/samtrack/io/truth.py": "tests/stages/test_evaluate.py goes through every kind of truth folder and its faults",
}
"""Modules that no test file names, with the reason."""

LOCAL_PATH = re.compile(r"(?<![\w.:/~$}-])/(?:home|Users|root|work)/[\w.-]+")


def imported_names(tree: ast.Module) -> set[str]:
    """Dotted names of all that a module imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def names_of(tree: ast.Module) -> set[str]:
    """Names of the functions and classes that a module defines."""
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def holds_code(tree: ast.Module) -> bool:
    """Whether a module defines functions, or classes with behaviour; constants and settings alone need no test."""
    return any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree))


def test_tests_mirror_the_package(source, tests) -> None:
    """A module has its own test file in the folder of its room, or a test that imports it or a name that it defines."""
    files = {m.path for m in tests}
    imported = {name for m in tests for name in imported_names(m.tree)}
    missing = []
    for m in source:
        parts = Path(m.path).with_suffix("").parts[1:]
        if parts[-1].startswith("__") or not holds_code(m.tree) or m.path in WITHOUT_A_TEST_OF_THEIR_OWN:
            continue
        own = "/".join(["tests", *parts[1:-1], f"test_{parts[-1]}.py"])
        defined = {
            f"{'.'.join(parts[:depth])}.{name}" for name in names_of(m.tree) for depth in (len(parts) - 1, len(parts))
        }
        if own not in files and not imported & {".".join(parts), *defined}:
            missing.append(f"{m.path}: neither {own} nor a test that imports it")
    assert not missing, "\n".join(["", *missing])


def test_the_list_of_untested_modules_is_true(root: Path) -> None:
    for path, reason in WITHOUT_A_TEST_OF_THEIR_OWN.items():
        assert (root / path).is_file(), path
        assert len(reason) > 20


def test_every_test_file_tests_something(tests) -> None:
    empty = [
        m.path
        for m in tests
        if Path(m.path).name.startswith("test_")
        and not any(isinstance(n, ast.Assert | ast.With | ast.Raise) for n in ast.walk(m.tree))
    ]
    assert not empty, f"no assertion at all: {empty}"


def test_nothing_points_at_one_machine(tree: list[Path], root: Path) -> None:
    found = []
    for path in tree:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        for number, line in enumerate(text.splitlines(), 1):
            found += [f"{path.relative_to(root)}:{number}: {match[0]}" for match in LOCAL_PATH.finditer(line)]
    assert not found, "\n".join(["paths of somebody's machine:", *found])


def test_local_paths_are_recognised() -> None:
    slash = "/"
    for folder in ("home", "Users", "root", "work"):
        assert LOCAL_PATH.search(f"see {slash}{folder}{slash}someone{slash}data")
    for harmless in ("docs/home/x", "https://example.org/home/x", "$HOME/home/x", "network/work/x"):
        assert not LOCAL_PATH.search(harmless)


def test_generated_files_are_in_step_with_the_models(root: Path) -> None:
    stale = FILES.stale(root / "config")
    assert not stale, f"config/{' and config/'.join(stale)} differ from the models. Run: {FILES.command}"


def test_files_named_in_the_documents_exist(root: Path) -> None:
    """Paths in backticks of the documents that this test's owner keeps; a moved file must be moved there too."""
    missing = []
    for name in ("CONTRIBUTING.md", "docs/glossary.md", ".github/pull_request_template.md"):
        text = (root / name).read_text(encoding="utf-8")
        for path in re.findall(r"`((?:src|tests|config|docs|envs|workflow)/[\w./+-]+)`", text):
            if not (root / path).exists():
                missing.append(f"{name}: {path}")
    assert not missing, missing

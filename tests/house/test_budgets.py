"""Sizes that keep every part readable at one sitting, and a few things that no module does.

Where a budget cannot be kept, the exception stands in `EXCEPTIONS` with its reason, so that the list can be read.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

MODULE_LINES = 400
FUNCTION_LINES = 60
PARAMETERS = 7
SNAKEFILE_LINES = 60
RULE_FILE_LINES = 200
COMMON_RULES_LINES = 100
SCRIPT_LINES = 80

EXCEPTIONS: dict[str, str] = {}
"""What may exceed a budget: "path" or "path::function" to the reason."""

VAGUE_NAMES = {"utils", "util", "helpers", "misc", "common", "manager", "process", "core"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Every function of a tree with its dotted name, nested ones included."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield f"{prefix}{node.name}", node
            yield from functions(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{prefix}{node.name}.")
        else:
            yield from functions(node, prefix)


def lines_of(node: Function) -> int:
    """Lines of a function from `def` to its last one, without its docstring."""
    total = node.end_lineno - node.lineno + 1
    if ast.get_docstring(node) is not None:
        total -= node.body[0].end_lineno - node.body[0].lineno + 1
    return total


def arguments_of(node: Function) -> list[ast.arg]:
    """All arguments but self and cls."""
    given = node.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    named += [extra for extra in (given.vararg, given.kwarg) if extra is not None]
    return [argument for argument in named if argument.arg not in ("self", "cls")]


def excess(found: list[str]) -> str:
    """The failure message: what exceeds a budget and is no listed exception."""
    return "\n".join(["", *(line for line in found if line.split(":  ")[0] not in EXCEPTIONS)]).rstrip()


def text_files(folder: Path, pattern: str) -> list[Path]:
    """Files of a folder that may not exist yet."""
    return sorted(folder.glob(pattern)) if folder.is_dir() else []


def test_the_rulers_measure_what_they_say() -> None:
    text = '''
class Shown:
    """Told."""

    def method(self, a: int, /, b: int = 0, *rest: int, c: int, **more: int) -> None:
        """Two lines
        of docstring."""
        def inner() -> None:
            return None
        inner()

    def _hidden(self): ...

def silent(cls, x): return x
'''
    tree = ast.parse(text)
    found = dict(functions(tree))
    assert set(found) == {"Shown.method", "Shown.method.inner", "Shown._hidden", "silent"}
    assert lines_of(found["Shown.method"]) == 4
    assert [a.arg for a in arguments_of(found["Shown.method"])] == ["a", "b", "c", "rest", "more"]
    assert [a.arg for a in arguments_of(found["silent"]) if a.annotation is None] == ["x"]
    assert [name for name, node in public(tree) if not ast.get_docstring(node)] == ["silent"]


def test_modules_are_short(source) -> None:
    found = [f"{m.path}:  {len(m.lines)} lines, at most {MODULE_LINES}" for m in source if len(m.lines) > MODULE_LINES]
    assert not excess(found), excess(found)


def test_functions_are_short(source) -> None:
    found = [
        f"{m.path}::{name}:  {lines_of(node)} lines, at most {FUNCTION_LINES}"
        for m in source
        for name, node in functions(m.tree)
        if lines_of(node) > FUNCTION_LINES
    ]
    assert not excess(found), excess(found)


def test_functions_take_few_parameters(source) -> None:
    found = [
        f"{m.path}::{name}:  {len(arguments_of(node))} parameters, at most {PARAMETERS}: pass a settings object"
        for m in source
        for name, node in functions(m.tree)
        if len(arguments_of(node)) > PARAMETERS
    ]
    assert not excess(found), excess(found)


def test_the_workflow_is_short(root: Path) -> None:
    budgets = [(root / "Snakefile", SNAKEFILE_LINES)]
    for path in text_files(root / "workflow" / "rules", "*.smk"):
        budgets.append((path, COMMON_RULES_LINES if path.name == "common.smk" else RULE_FILE_LINES))
    budgets += [(path, SCRIPT_LINES) for path in text_files(root / "workflow" / "scripts", "*.py")]
    found = []
    for path, most in budgets:
        n = len(path.read_text(encoding="utf-8").splitlines())
        if n > most:
            found.append(f"{path.relative_to(root).as_posix()}:  {n} lines, at most {most}")
    assert not excess(found), excess(found)


def test_rules_hold_no_python_of_their_own(root: Path) -> None:
    found = [
        f"{path.name}:{number}"
        for path in text_files(root / "workflow" / "rules", "*.smk")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.strip() == "run:" or (path.name != "common.smk" and line.startswith(("def ", "import ", "from ")))
    ]
    assert not found, f"a `run:` block or Python in a rule file: {found}. It belongs to src/samtrack or common.smk"


def test_everything_is_typed(source) -> None:
    found = []
    for m in source:
        for name, node in functions(m.tree):
            untyped = [argument.arg for argument in arguments_of(node) if argument.annotation is None]
            untyped += ["return"] if node.returns is None else []
            if untyped:
                found.append(f"{m.path}::{name}:  no type for {', '.join(untyped)}")
    assert not excess(found), excess(found)


def public(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Public classes and functions of a module, and public methods of public classes."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (*Function.__args__, ast.ClassDef)) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public(node, f"{prefix}{node.name}.")


def test_everything_public_is_told(source) -> None:
    found = [f"{m.path}:  no module docstring" for m in source if m.text.strip() and not ast.get_docstring(m.tree)]
    found += [
        f"{m.path}::{name}:  no docstring"
        for m in source
        for name, node in public(m.tree)
        if not ast.get_docstring(node)
    ]
    assert not excess(found), excess(found)


def test_what_no_module_does(source) -> None:
    found = []
    for m in source:
        for node in ast.walk(m.tree):
            where = f"{m.path}:{getattr(node, 'lineno', 0)}:"
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                found.append(f"{where} bare except")
            if isinstance(node, ast.ExceptHandler) and all(isinstance(n, ast.Pass) for n in node.body):
                found.append(f"{where} an exception is swallowed; use contextlib.suppress and say why")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                found.append(f"{where} print; use logging")
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                found.append(f"{where} star import")
            if isinstance(node, ast.Assert) and "S101 - " not in m.lines[node.end_lineno - 1]:
                found.append(f"{where} assert without a reason; input is checked with an error that says what to do")
    assert not found, "\n".join(["", *found])


def test_names_of_modules_say_something(source) -> None:
    found = [m.path for m in source if VAGUE_NAMES & set(Path(m.path).with_suffix("").parts[2:])]
    assert not found, f"a noun for what is inside, please: {found}"


def test_exceptions_are_needed_and_have_a_reason(source) -> None:
    known = {m.path for m in source} | {f"{m.path}::{name}" for m in source for name, _ in functions(m.tree)}
    assert set(EXCEPTIONS) <= known
    assert all(len(reason) > 20 for reason in EXCEPTIONS.values())

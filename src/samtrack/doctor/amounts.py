"""Amounts as people write them for Snakemake and Slurm: minutes, megabytes, and sums over the number of the attempt."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any

SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
MEGABYTES = {"k": 1e-3, "m": 1.0, "g": 1e3, "t": 1e6, "": 1e-6}

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.USub: operator.neg,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {"min": min, "max": max, "int": int, "round": round, "ceil": math.ceil}


def minutes_of(value: object, attempt: int = 1) -> float | None:
    """A runtime as Snakemake reads it, in minutes: a number, ``2h``, ``1d12h``, or a sum; None where it cannot be told."""
    text = str(value).strip().strip("'\"").replace(" ", "")
    parts = re.findall(r"(\d+(?:\.\d+)?)(min|[smhdw])[a-z]*", text.lower())
    if parts and re.fullmatch(r"(\d+(\.\d+)?[a-z]+)+", text.lower()):
        return sum(float(number) * SECONDS[unit] for number, unit in parts) / 60
    return number_of(value, attempt)


def megabytes_of(value: object, attempt: int = 1) -> float | None:
    """A memory as Snakemake reads it, in megabytes: a number, ``8GB``, or a sum; None where it cannot be told."""
    text = str(value).strip().strip("'\"").lower()
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", text)
    if match and not re.fullmatch(r"[\d.]+", text):
        return float(match[1]) * MEGABYTES[match[2]]
    return number_of(value, attempt)


def number_of(value: object, attempt: int = 1) -> float | None:
    """A number, or a sum of numbers and of ``attempt``; None for anything else, which only Snakemake can work out."""
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(_worked_out(ast.parse(str(value).strip().strip("'\""), mode="eval").body, attempt))
    except (SyntaxError, ValueError, TypeError, ArithmeticError):
        return None


def _worked_out(node: ast.AST, attempt: int) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id="attempt"):
            return attempt
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATORS:
            return OPERATORS[type(sign)](_worked_out(left, attempt), _worked_out(right, attempt))
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in OPERATORS:
            return OPERATORS[type(sign)](_worked_out(operand, attempt))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_worked_out(argument, attempt) for argument in arguments))
    raise ValueError(f"{ast.dump(node)} is no sum of numbers and attempt")


def slurm_minutes(text: str) -> float:
    """A time limit as Slurm writes it, in minutes: ``30:00``, ``12:00:00``, ``2-00:00:00``; infinity for none."""
    days, _, clock = text.strip().rpartition("-")
    parts = clock.split(":")
    if not all(part.isdigit() for part in parts) or (days and not days.isdigit()):
        return math.inf  # infinite, UNLIMITED, n/a
    numbers = [int(part) for part in parts]
    if days:
        hours, minutes, seconds = (*numbers, 0, 0)[:3]
    else:
        hours, minutes, seconds = ((0, 0, 0, *numbers) if len(numbers) > 1 else (0, 0, 0, numbers[0], 0))[-3:]
    return int(days or 0) * 1440 + hours * 60 + minutes + seconds / 60

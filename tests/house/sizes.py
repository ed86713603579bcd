"""How long files and functions are. Run ``python -m tests.house.sizes`` to see the longest ones.

A file's size is its lines; a function's is its lines without its docstring and without the functions inside it.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.house.checkout import ROOT, python_files

FOLDERS = ("src", "tests", "benchmarks", "examples")
FILE_TARGET, FILE_LIMIT = 300, 400
FUNCTION_TARGET, FUNCTION_LIMIT = 25, 50
# A construct's initialiser lists its children and their properties.
INITIALISER_LIMIT = 80

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """A thing that has a number of lines, and how many it may have."""

    lines: int
    limit: int
    name: str

    def __str__(self) -> str:
        return f"{self.lines:4} of {self.limit:3}  {self.name}"


def _span(node: Function) -> int:
    first = node.body[0]
    docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    doc_lines = (first.end_lineno or first.lineno) - first.lineno + 1 if docstring else 0
    inner = sum(_span(child) for child in node.body if isinstance(child, Function))
    return (node.end_lineno or node.lineno) - node.lineno + 1 - doc_lines - inner


def functions(path: Path) -> list[Size]:
    """The functions of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    in_constructs = path.parts[:3] == ("src", "appdp", "cdk")
    return [
        Size(
            _span(node),
            INITIALISER_LIMIT if in_constructs and node.name == "__init__" else FUNCTION_LIMIT,
            f"{path}:{node.lineno} {node.name}()",
        )
        for node in ast.walk(tree)
        if isinstance(node, Function)
    ]


def all_files() -> list[Size]:
    """Every Python file, longest first."""
    sizes = [
        Size(len((ROOT / path).read_text(encoding="utf-8").splitlines()), FILE_LIMIT, str(path))
        for path in python_files(*FOLDERS)
    ]
    return sorted(sizes, reverse=True)


def all_functions() -> list[Size]:
    """Every function, longest first."""
    return sorted((size for path in python_files(*FOLDERS) for size in functions(path)), reverse=True)


def main() -> None:
    """Print the ten longest files and functions, and how many are above target."""
    for kind, sizes, target in (("files", all_files(), FILE_TARGET), ("functions", all_functions(), FUNCTION_TARGET)):
        above = sum(size.lines > target for size in sizes)
        report = [f"{len(sizes)} {kind}, {above} above the target of {target} lines. The longest:"]
        report += [f"  {size}" for size in sizes[:10]]
        sys.stdout.write("\n".join(report) + "\n")


if __name__ == "__main__":
    main()

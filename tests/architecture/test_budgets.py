"""Nothing is so long that it cannot be read at once. Splitting by purpose is the remedy, never a higher number."""

import ast
from typing import TypeGuard

from tests.architecture.sources import product, python_files

LINES_IN_A_FILE = 400
LINES_IN_A_FUNCTION = 50
# The official Python SDK has some 38,000 lines; a core that is forked has to be read first.
STATEMENTS_OF_THE_CORE = 10_000


def test_a_function_keeps_within_its_budget() -> None:
    long = [
        f"{source.at(node.lineno)} {node.name} has {lines}"
        for source in python_files()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (lines := _lines(node)) > LINES_IN_A_FUNCTION
    ]
    assert long == []


def test_a_file_keeps_within_its_budget() -> None:
    lines = {source.at(1): len(source.text.splitlines()) for source in python_files()}
    assert {place: number for place, number in lines.items() if number > LINES_IN_A_FILE} == {}


def test_the_core_stays_small() -> None:
    """Lines with a statement on them: no blank ones, comments, docstrings and imports."""
    core = [source for source in product() if source.module.startswith("mcp_protocol.")]
    total = sum(len(_statement_lines(source.tree)) for source in core)
    assert 1_000 < total < STATEMENTS_OF_THE_CORE


def _statement_lines(tree: ast.Module) -> set[int]:
    """The lines of a file that do something."""
    idle: set[int] = set()
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt | ast.arg | ast.keyword):
            lines |= {node.lineno, node.end_lineno or node.lineno}
        if isinstance(node, ast.Import | ast.ImportFrom) or _is_docstring(node):
            idle |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines - idle


def _is_docstring(node: ast.AST) -> TypeGuard[ast.Expr]:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1

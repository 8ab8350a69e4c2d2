"""Nothing is so long that it cannot be read at once. Splitting by purpose is the remedy, never a higher number."""

import ast

import pytest

from tests.architecture.sources import Source, python_files

LINES_IN_A_FILE = 400
LINES_IN_A_FUNCTION = 50


@pytest.mark.parametrize("source", python_files(), ids=lambda source: source.at(0).removesuffix(":0"))
def test_a_file_and_each_function_in_it_keep_within_their_budget(source: Source) -> None:
    functions = [node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [
        f"{source.at(node.lineno)} {node.name} has {lines}"
        for node in functions
        if (lines := _lines(node)) > LINES_IN_A_FUNCTION
    ]
    assert long == []
    assert len(source.text.splitlines()) <= LINES_IN_A_FILE


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1

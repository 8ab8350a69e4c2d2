"""Habits that the linter cannot judge: tasks, catch-alls, names for export, docstrings, reasons for suppressions."""

import ast
import re

import pytest

from tests.architecture.sources import Source, calls, product, python_files
from tests.architecture.test_imports import room

# A TaskGroup's own method of that name is fine where tasks may be made at all.
MAKES_TASKS = frozenset({"create_task", "ensure_future", "run_coroutine_threadsafe"})
TASK_ROOMS = frozenset({"transports", "client", "testing"})
# A watcher belongs to all who listen to its URI, and a task is what outlives its call.
TASK_MODULES = frozenset({"mcp_protocol.server.subscriptions", "mcp_protocol.server.tasks"})
BROAD = frozenset({"Exception", "BaseException"})
SUPPRESSION = re.compile(
    r"#\s*(?:noqa|pyright: ignore|type: ignore)"
    r"(?P<rules>:?\s*(?:\[[\w, ]+\]|[A-Z]+\d+(?:,\s*[A-Z]+\d+)*))?"
    r"(?P<reason>.*)"
)

each_product_file = pytest.mark.parametrize("source", product(), ids=lambda source: source.module)


@each_product_file
def test_nothing_prints(source: Source) -> None:
    assert [source.at(call.lineno) for name, call in calls(source) if name == "print"] == []


@each_product_file
def test_a_file_begins_with_a_sentence_that_says_what_it_is(source: Source) -> None:
    first = (ast.get_docstring(source.tree) or "").split("\n\n")[0]
    assert first, f"{source.path} has no docstring"
    assert first.rstrip().endswith((".", ":")), f"{source.path}: {first!r} is no sentence"


@each_product_file
def test_a_catch_all_says_why(source: Source) -> None:
    lines = source.text.splitlines()
    silent = [
        source.at(node.lineno)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _commented(lines, node.lineno)
    ]
    assert silent == []


@each_product_file
def test_only_a_package_names_what_it_exports(source: Source) -> None:
    names = {
        target.id
        for node in source.tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert "__all__" not in names or source.path.name == "__init__.py"


@each_product_file
def test_tasks_are_made_in_task_groups_and_where_bytes_move(source: Source) -> None:
    made = [(name, call) for name, call in calls(source) if name.rsplit(".", 1)[-1] in MAKES_TASKS]
    loose = [source.at(call.lineno) for name, call in made if name.split(".")[0] in {"asyncio", "loop", *MAKES_TASKS}]
    assert loose == []
    if room(source.module) and room(source.module) not in TASK_ROOMS and source.module not in TASK_MODULES:
        assert [source.at(call.lineno) for _, call in made] == []


@pytest.mark.parametrize("source", python_files(), ids=lambda source: source.at(0).removesuffix(":0"))
def test_a_suppression_names_its_rule_and_its_reason(source: Source) -> None:
    bare: list[str] = []
    for number, line in enumerate(source.text.splitlines(), 1):
        found = SUPPRESSION.search(line)
        if found and not (found["rules"] and found["reason"].strip()):
            bare.append(source.at(number))
    assert bare == []


def _is_broad(node: ast.ExceptHandler) -> bool:
    if node.type is None:
        return True
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(isinstance(kind, ast.Name) and kind.id in BROAD for kind in kinds)


def _commented(lines: list[str], number: int) -> bool:
    """A comment on the line itself, just above it, or as the first line of the handler."""
    return any("#" in line for line in lines[max(0, number - 2) : number + 1])

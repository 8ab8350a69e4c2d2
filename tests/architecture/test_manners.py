"""Habits that the linter cannot judge: tasks, catch-alls, names for export, docstrings, reasons for suppressions."""

import ast
import re

from tests.architecture.sources import calls, product, python_files
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


def test_nothing_prints() -> None:
    assert [source.at(call.lineno) for source in product() for name, call in calls(source) if name == "print"] == []


def test_a_file_begins_with_a_sentence_that_says_what_it_is() -> None:
    firsts = {source.at(1): (ast.get_docstring(source.tree) or "").split("\n\n")[0] for source in product()}
    assert [place for place, first in firsts.items() if not first.rstrip().endswith((".", ":"))] == []


def test_a_catch_all_says_why() -> None:
    silent = [
        source.at(node.lineno)
        for source in product()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler)
        and _is_broad(node)
        and not _commented(source.text.splitlines(), node.lineno)
    ]
    assert silent == []


def test_only_a_package_names_what_it_exports() -> None:
    naming = [
        source.at(node.lineno)
        for source in product()
        if source.path.name != "__init__.py"
        for node in source.tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id == "__all__"
    ]
    assert naming == []


def test_tasks_are_made_in_task_groups() -> None:
    starts = {"asyncio", "loop", *MAKES_TASKS}
    loose = [
        source.at(call.lineno)
        for source in product()
        for name, call in calls(source)
        if name.rsplit(".", 1)[-1] in MAKES_TASKS and name.split(".")[0] in starts
    ]
    assert loose == []


def test_the_core_makes_tasks_where_bytes_move() -> None:
    elsewhere = [
        source.at(call.lineno)
        for source in product()
        if room(source.module) and room(source.module) not in TASK_ROOMS and source.module not in TASK_MODULES
        for name, call in calls(source)
        if name.rsplit(".", 1)[-1] in MAKES_TASKS
    ]
    assert elsewhere == []


def test_a_suppression_names_its_rule_and_its_reason() -> None:
    bare = [
        source.at(number)
        for source in python_files()
        for number, line in enumerate(source.text.splitlines(), 1)
        if (found := SUPPRESSION.search(line)) and not (found["rules"] and found["reason"].strip())
    ]
    assert bare == []


def _is_broad(node: ast.ExceptHandler) -> bool:
    if node.type is None:
        return True
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(isinstance(kind, ast.Name) and kind.id in BROAD for kind in kinds)


def _commented(lines: list[str], number: int) -> bool:
    """A comment on the line itself, just above it, or as the first line of the handler."""
    return any("#" in line for line in lines[max(0, number - 2) : number + 1])

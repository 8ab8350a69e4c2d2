"""What the documents name exists: files, functions, scripts, tests, links."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, python_files, tracked

CORE = ROOT / "packages" / "mcp-protocol" / "src" / "mcp_protocol"
DOCUMENTS = [path for path in tracked() if path.suffix == ".md"]
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
STEP = re.compile(r"^\|[^|]+\| `([\w/.]+)` \| (?:`(\w+)` )?\|$", re.MULTILINE)
TEST = re.compile(r"`(test_\w+)`")
SCRIPT = re.compile(r"^\s*(scripts/[\w-]+)|`(scripts/[\w-]+)", re.MULTILINE)

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@cache
def defined(path: Path) -> frozenset[str]:
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    )


@each_document
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    links = LINK.findall(CODE.sub("", document.read_text()))
    assert [link for link in links if not (document.parent / link).exists()] == []


@each_document
def test_every_script_that_is_named_exists(document: Path) -> None:
    named = {first or second for first, second in SCRIPT.findall(document.read_text())}
    assert [script for script in named if not (ROOT / script).exists()] == []


def test_the_path_of_a_call_names_files_and_functions_that_exist() -> None:
    steps = STEP.findall((ROOT / "ARCHITECTURE.md").read_text())
    assert len(steps) > 5
    assert [file for file, _ in steps if not (CORE / file).exists()] == []
    assert [(file, name) for file, name in steps if name and name not in defined(CORE / file)] == []


def test_every_advisory_has_a_test_that_exists() -> None:
    named = set(TEST.findall((ROOT / "SECURITY.md").read_text()))
    tests = {name for source in python_files() if "tests" in source.path.parts for name in defined(source.path)}
    assert named
    assert named - tests == set()

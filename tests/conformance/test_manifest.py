"""Each requirement and each attack case has its test, and no test names a case that there is not."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.conformance.requirements import CASES, Requirement, manifest
from tests.launch.raw import ROOT

CORE = ("packages/*/tests", "shared/*/tests", "tests")
PLACES = (*CORE, "servers/everything/tests", "servers/filesystem/tests")
NAMED = re.compile(r"\b([A-Z])(\d{1,2})\b")
NAMING = re.compile(r"(?:^test|_)_?([a-z])(\d{1,2})(?=_)")
ALL_CASES = [f"{letter}{number}" for letter, most in CASES.items() for number in range(1, most + 1)]
REQUIREMENTS = {name: one for group in manifest() for name, one in group.requirements.items()}


@cache
def written(places: tuple[str, ...]) -> list[tuple[str, str]]:
    """Every test in these places: its name and its docstring, the module's first line before it."""
    files = [file for place in places for folder in ROOT.glob(place) for file in folder.rglob("test_*.py")]
    return [one for file in files for one in _tests_in(file)]


def _tests_in(file: Path) -> list[tuple[str, str]]:
    tree = ast.parse(file.read_text())
    return [
        (node.name, f"{ast.get_docstring(tree)} {ast.get_docstring(node)}")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]


@cache
def named(places: tuple[str, ...]) -> frozenset[str]:
    """The attack cases that tests name."""
    texts = [match for _, text in written(places) for match in NAMED.finditer(text)]
    names = [match for name, _ in written(places) for match in NAMING.finditer(name)]
    found = {f"{match[1].upper()}{int(match[2])}" for match in [*texts, *names]}
    return frozenset(case for case in found if case[0] in CASES)


def test_every_requirement_has_a_name_of_its_own() -> None:
    assert len(REQUIREMENTS) == sum(len(group.requirements) for group in manifest())
    assert all(group.revisions and set(group.transports) <= {"stdio", "http"} for group in manifest())


@pytest.mark.parametrize("requirement", REQUIREMENTS.values(), ids=REQUIREMENTS)
def test_a_requirement_has_its_tests(requirement: Requirement) -> None:
    known = {name for name, _ in written(PLACES)}
    assert requirement.tests
    assert [name for name in requirement.tests if name not in known] == []


@pytest.mark.parametrize("case", ALL_CASES)
def test_an_attack_case_has_a_test(case: str) -> None:
    assert case in named(PLACES)


def test_no_test_of_the_core_names_a_case_that_there_is_not() -> None:
    """Servers have cases of their own, under other letters."""
    assert named(CORE) - set(ALL_CASES) == set()

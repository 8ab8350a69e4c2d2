"""The official conformance suite passes in both directions and both revisions; nothing is expected to fail."""

import subprocess
import sys

import pytest

from scripts.conformance import SETS, Outcome, Tally, outcome, prepare
from scripts.node import Unavailable
from tests.launch.raw import ROOT
from tests.require import missing

SUMMARY = """
✓ tools-list: 3 passed, 0 failed
✗ ping: 1 passed, 1 failed
✗ caching: 8 passed, 0 failed, 1 warnings
✓ tasks-lifecycle: 9 passed, 0 failed

Total: 21 passed, 1 failed

Not scored for 2026-07-28: 1 scenario(s) run, 0 failing. These do not affect conformance.
  ✓ tasks-lifecycle (extension)
"""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SETS)
def test_the_suite_passes(name: str) -> None:
    try:
        prepare()
    except Unavailable as reason:
        missing(str(reason))
    command = [sys.executable, "-m", "scripts.conformance", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_failure_and_a_warning_count_and_what_is_not_scored_stands_apart() -> None:
    found = outcome("server-2026-07-28", SUMMARY, 1)
    assert found.scored == Tally(passed=1, ran=3, checks_passed=12, checks=14)
    assert found.unscored == Tally(passed=1, ran=1, checks_passed=9, checks=9)
    assert not found.is_good


def test_a_suite_that_ran_nothing_has_not_passed() -> None:
    assert not outcome("server-all", "", 0).is_good
    nothing = Tally(0, 0, 0, 0)
    assert not Outcome("server-all", Tally(3, 3, 9, 9), nothing, 1).is_good

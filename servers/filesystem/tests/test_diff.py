"""Unified diffs: they apply, they look like the official server's, and hostile text does not slow them down."""

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_filesystem.text.diff import changes, clipped, fenced, lines_of, similarity, unified

HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
texts = st.lists(st.sampled_from(["a", "b", "b\r", "c c", "", "\x0c", "\u2028"]), max_size=30).map("\n".join)


def applied(old: str, diff: str) -> str:
    """What `patch` would make of the text; fails where a context or removed line does not fit."""
    lines, at = lines_of(old), 0
    result: list[str] = []
    body = lines_of(diff)[4:]
    for index, line in enumerate(body):
        if header := HUNK.match(line):
            start = int(header[1]) - (0 if header[2] == "0" else 1)
            result += lines[at:start]
            at = start
        elif line.startswith("\\"):
            continue
        else:
            bare = index + 1 < len(body) and body[index + 1].startswith("\\")
            content = line[1:-1] if bare else line[1:]
            if line[0] in " -":
                assert lines[at] == content
                at += 1
            if line[0] in " +":
                result.append(content)
    return "".join(result + lines[at:])


@given(texts, texts, st.integers(0, 4))
def test_applying_the_diff_gives_the_new_text(old: str, new: str, context: int) -> None:
    assert applied(old, unified(old, new, "f", context=context)) == new


@given(texts, st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["x\n", "", "a\n"])), max_size=4))
def test_a_few_changed_lines_apply_too(old: str, edits: list[tuple[int, str]]) -> None:
    lines = lines_of(old * 3)
    for at, line in edits:
        lines[at : at + 1] = [line] if line else []
    assert applied(old * 3, unified(old * 3, "".join(lines), "f")) == "".join(lines)


def test_the_form_is_that_of_the_official_server() -> None:
    diff = unified(
        "def f():\n    return 1\n\n\ndef g():\n    return 2",
        "def f():\n    return 3\n\n\ndef g():\n    return 2",
        "a.py",
    )
    assert diff == (
        "Index: a.py\n===================================================================\n"
        "--- a.py\toriginal\n+++ a.py\tmodified\n"
        "@@ -1,5 +1,5 @@\n def f():\n-    return 1\n+    return 3\n \n \n def g():\n"
    )


def test_a_missing_final_newline_is_marked() -> None:
    diff = unified("a\nb", "a\nc", "f")
    assert diff.endswith("-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n")


def test_equal_texts_have_an_empty_diff() -> None:
    assert unified("a\n", "a\n", "f") == ""


def test_distant_changes_are_separate_hunks() -> None:
    lines = [f"{number}\n" for number in range(100)]
    new = [*lines[:10], "x\n", *lines[11:90], "y\n", *lines[91:]]
    assert [
        tuple(int(number) for number in found if number)
        for found in HUNK.findall(unified("".join(lines), "".join(new), "f"))
    ] == [
        (8, 7, 8, 7),
        (88, 7, 88, 7),
    ]


def test_the_fence_is_longer_than_any_inside() -> None:
    assert fenced("+```` x\n") == "`````diff\n+```` x\n`````\n\n"
    assert fenced("+x\n") == "```diff\n+x\n```\n\n"


def test_a_long_diff_is_cut_on_a_line_and_says_so() -> None:
    cut = clipped("+one\n+two\n+three\n", 10)
    assert cut == "+one\n+two\n... 1 more lines of the diff are left out\n"


def test_similarity_is_the_share_of_common_lines() -> None:
    assert similarity("a\nb\n", "a\nb\n") == 1.0
    assert similarity("a\nb\n", "a\nc\n") == 0.5
    assert similarity("", "a\n") == 0.0


HOSTILE = {
    "equal lines against others": (["a\n"] * 60_000, ["a\n", "b\n"] * 30_000),
    "two symbols": (["a\n", "b\n", "a\n"] * 14_000, ["b\n", "b\n", "a\n", "a\n", "a\n"] * 8_000),
    "reversed": ([f"{n}\n" for n in range(60_000)], [f"{n}\n" for n in reversed(range(60_000))]),
    "one anchor at a time": (
        [f"{n // 2}\n" for n in range(40_000)],
        [f"{(n + 1) // 2}\n" for n in range(40_000)],
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_bounded_time(name: str) -> None:
    old, new = HOSTILE[name]
    started = time.process_time()
    found = changes(old, new)
    assert time.process_time() - started < 3
    assert all(a.old_end <= b.old_start and a.new_end <= b.new_start for a, b in pairwise(found))

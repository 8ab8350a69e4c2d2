"""The nearest blocks of a text that has no match: found, explained, and in time."""

import time

import pytest

from mcp_ref_filesystem.text.nearest import Block, nearest

TEXT = "def f():\n    x = 1\n    return x\n\n\ndef g():\n    return 2\n"


def test_the_block_with_a_line_in_common_comes_first() -> None:
    found = nearest(TEXT, "def f():\n    x = 2\n    return x\n")
    assert found[0] == Block(
        line=1, similarity=0.95, kind="text", diff=" def f():\n-    x = 2\n+    x = 1\n     return x"
    )


def test_without_a_common_line_words_lead_there() -> None:
    assert [(block.line, block.kind) for block in nearest(TEXT, "    return 3")] == [(3, "text"), (7, "text")]


@pytest.mark.parametrize(
    ("kind", "text", "old"),
    [
        ("indentation", "  if a:\n      b()", "if a:\n    b()"),
        ("line end", "one\rtwo three", "one\ntwo three"),
        ("white space", "call(one,  two)", "call(one, two)"),
        ("unicode form", "caf\u0065\u0301 noir", "caf\u00e9 noir"),
        ("quotes", "say \u201chello\u201d now", 'say "hello" now'),
        ("letter case", "Select one from two", "SELECT one FROM two"),
        ("text", "another thing here", "another thing there"),
    ],
)
def test_the_kind_of_difference_is_named(kind: str, text: str, old: str) -> None:
    assert nearest(text, old)[0].kind == kind


def test_nothing_alike_gives_nothing() -> None:
    assert nearest("alpha\nbeta\n", "completely other words") == []
    assert nearest("", "a") == []
    assert nearest("alpha", "\n") == []


def test_blocks_do_not_overlap() -> None:
    found = nearest("x = 1\nx = 1\nx = 1\nx = 1\n", "x = 1\nx = 1\nx = 2")
    assert len(found) == 1


def test_long_differences_are_cut() -> None:
    text = "\n".join(["same line", *(f"line {n} here" for n in range(50))])
    old = "\n".join(["same line", *(f"line {n} there" for n in range(50))])
    assert nearest(text, old)[0].diff.endswith("more lines")


def test_an_expired_deadline_ends_the_search() -> None:
    ticks = iter([0.0, *[9.0] * 10])
    assert nearest(TEXT, "return 3", clock=lambda: next(ticks)) == []


HOSTILE = {
    "one line repeated": ("\n".join(["ab" * 100] * 100_000), "\n".join(["ba" * 100 + "c"] * 100) + "\nababab"),
    "one huge line": ("ab" * 5_000_000, "ab" * 2_000_000 + "c"),
    "many lines wanted": ("a\nb\n" * 300_000, "a\n" * 100_000 + "zzz"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_ends_near_the_deadline(name: str) -> None:
    text, old = HOSTILE[name]
    started = time.process_time()
    nearest(text, old)
    assert time.process_time() - started < 0.5

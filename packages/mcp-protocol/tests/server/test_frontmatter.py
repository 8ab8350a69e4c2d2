"""The header of a SKILL.md: what is read, and what is refused because readers of YAML would not agree on it."""

from typing import Any

import pytest

from mcp_protocol.server.frontmatter import read

WHOLE = """\
---
# who
name: release-notes
description: >-
  Turn commits
  into notes.
license: 'It''s free'   # really
title: "a: \\"b\\"\\n\\u00e9"
argument-hint: see http://example.test/x#y, or ask
hidden: false
level: -3
body: |
  one
  # two
allowed-tools:
- Read
- 'yes'
metadata:
  author: someone
  deeper:
    version: "1.10"
---
The text, with a
---
line in it.
"""
FOUND: dict[str, Any] = {
    "name": "release-notes",
    "description": "Turn commits into notes.",
    "license": "It's free",
    "title": 'a: "b"\né',
    "argument-hint": "see http://example.test/x#y, or ask",
    "hidden": False,
    "level": -3,
    "body": "one\n# two\n",
    "allowed-tools": ["Read", "yes"],
    "metadata": {"author": "someone", "deeper": {"version": "1.10"}},
}


@pytest.mark.parametrize("text", [WHOLE, WHOLE.replace("\n", "\r\n"), "\ufeff" + WHOLE], ids=["unix", "dos", "bom"])
def test_a_header_is_read_as_every_reader_reads_it(text: str) -> None:
    assert read(text) == FOUND


def test_a_header_may_be_empty() -> None:
    assert read("---\n---\n") == {}


@pytest.mark.parametrize(
    "text", ["", "name: x\n", "---\nname: x\n", "----\nname: x\n---\n", "text\n---\nname: x\n---\n"]
)
def test_a_file_without_a_header_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="between two lines"):
        read(text)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "yes",
            "No",
            "on",
            "null",
            "~",
            "TRUE",
            "y",
            ".inf",
            "1.10",
            "01",
            "0x1f",
            "1_000",
            "12:30",
            "2026-07-28",
            "e3",
        ),
        *("[a, b]", "{a: b}", "&a b", "*a", "!t x", "a: b", "a:", "- a", "? a", "%a", "@a", "`a`", "<<"),
        *('"open', "'open", '"a" b', '"\\x41"', '"\\ud800"', "|+", ">2"),
    ],
)
def test_what_readers_would_not_agree_on_must_be_quoted(value: str) -> None:
    with pytest.raises(ValueError, match="line 2 of the header"):
        read(f"---\nname: x\nkey: {value}\n---\n")
    assert read(f"---\nkey: '{value.replace(chr(39), chr(39) * 2)}'\n---\n") == {"key": value}


@pytest.mark.parametrize(
    "header",
    [
        *("a: b\na: c", "yes: b", "a b: c", "a:b", "- a", "just text", "a: b\n  c", "  a: b", "a: b\n  c: d"),
        *("a:", "a:\nb: c", "a:\n    b: c\n  d: e", "a: |\n  b\n   c", "a: >\n  b\n\n  c", "a:\n  - b\n   - c"),
        *("a:\tb", "a: b\x00", "a:\n b:\n  c:\n   d:\n    e:\n     f: g"),
    ],
)
def test_what_is_not_in_the_documented_part_of_yaml_is_refused(header: str) -> None:
    with pytest.raises(ValueError, match="header"):
        read(f"---\n{header}\n---\n")


def test_the_line_is_named() -> None:
    with pytest.raises(ValueError, match=r"line 2 of the header: put 'yes' in quotes"):
        read("---\nname: x\nkey: yes\n---\n")


def test_a_long_header_is_read_in_linear_time() -> None:
    assert len(read("---\n" + "".join(f"k{n}: {'a ' * 50}b\n" for n in range(5000)) + "---\n")) == 5000

"""replace_in_files: a dry run first, then exactly that; nothing is written when anything has changed."""

from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.errors import ToolError
from mcp_protocol.testing import connect
from mcp_ref_filesystem.change.recording import Recording
from mcp_ref_filesystem.change.replacing import Plan, Query, planned, write_all
from mcp_ref_filesystem.server import server
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.text.substitution import LONGEST_LINE, LineTooLong, Substitution
from mcp_ref_filesystem.tools.replace import Limits, replace_all

Bench = Any


def replaced(text: str, pattern: str, replacement: str, mode: Any = "regex") -> str:
    result = text
    for span in reversed(Substitution(pattern, replacement, mode, lambda: None).spans(text)):
        result = result[: span.start] + span.new + result[span.end :]
    return result


def plan(bench: Bench, **query: Any) -> Plan:
    return planned(bench.job, bench.at("."), Query(**query), max_depth=9, seconds=5)


def applied(bench: Bench, expected: str | None, **query: Any) -> str | None:
    return replace_all(bench.job, bench.at("."), Query(**query), Limits(9, 5), expected)[1]


def files(bench: Bench, **contents: str) -> None:
    for name, content in contents.items():
        (bench.path / name).write_text(content, newline="")


@pytest.mark.parametrize(
    ("text", "pattern", "replacement", "mode", "result"),
    [
        ("a1 b22", r"[a-z](\d+)", r"<\1>", "regex", "<1> <22>"),
        ("é é", "é", "e", "regex", "e e"),
        ("a.b axb", "a.b", "-", "literal", "- axb"),
        ("a.b", "a.b", r"\1", "literal", r"\1"),
        ("cat cats", "cat", "dog", "word", "dog cats"),
        ("a\nb\n", "^", "> ", "regex", "> a\n> b\n"),
        ("aXbx", "x", "-", "regex", "aXb-"),
        ("aa", "(?P<n>a)", r"\g<n>\\", "regex", "a\\a\\"),
        ("x\ny", "x.y", "-", "regex", "x\ny"),
        ("baab", "a*", "-", "regex", "-b--b-"),
        ("ab", "(a)|(b)", r"[\1|\2|\g<0>]\t\q", "regex", "[a||a]\t\\q[|b|b]\t\\q"),
    ],
)
def test_matches_are_replaced(text: str, pattern: str, replacement: str, mode: str, result: str) -> None:
    assert replaced(text, pattern, replacement, mode) == result


@pytest.mark.parametrize("replacement", [r"\2", r"\g<x>", r"\g<9>", r"\10"])
def test_a_group_that_is_not_there_is_refused(replacement: str) -> None:
    with pytest.raises(ToolError) as error:
        replaced("a", "(a)", replacement)
    assert error.value.code == "invalid_argument"


def test_a_bad_pattern_and_half_a_character_are_refused() -> None:
    for pattern, replacement, code in (("(", "", "invalid_argument"), ("a", "\ud800", "encoding")):
        with pytest.raises(ToolError) as error:
            replaced("a", pattern, replacement)
        assert error.value.code == code


def test_a_regular_expression_is_not_tried_on_an_endless_line() -> None:
    with pytest.raises(LineTooLong):
        replaced("x" * (LONGEST_LINE + 70_000), "a", "b")
    assert replaced("x" * (LONGEST_LINE + 70_000) + "a", "a", "b", "literal").endswith("b")


def test_matches_are_found_in_every_stretch() -> None:
    text = "line with a word\n" * 20_000
    assert replaced(text, r"\bword$", "sword") == text.replace("word", "sword")


def test_a_dry_run_writes_nothing(bench: Bench) -> None:
    files(bench, a="one two\r\n", b="two")
    found = plan(bench, pattern="two", replacement="2")
    assert [(rewrite.path, rewrite.count) for rewrite in found.rewrites] == [("a", 1), ("b", 1)]
    assert "-one two\r\n+one 2\r\n" in found.rewrites[0].diff
    assert (bench.path / "b").read_text() == "two"


def test_applying_writes_all_of_it_as_one_change(bench: Bench) -> None:
    files(bench, a="one two\r\n", b="two", c="three")
    query = {"pattern": "two", "replacement": "2"}
    change = applied(bench, plan(bench, **query).digest, **query)
    assert [(bench.path / name).read_bytes() for name in "abc"] == [b"one 2\r\n", b"2", b"three"]
    (entry,) = bench.journal.entries()
    assert (entry.id, len(entry.steps)) == (change, 2)


def test_anything_changed_since_is_a_conflict(bench: Bench) -> None:
    files(bench, a="two", b="two")
    query = {"pattern": "two", "replacement": "2"}
    digest = plan(bench, **query).digest
    files(bench, b="two two")
    with pytest.raises(ToolError) as error:
        applied(bench, digest, **query)
    assert error.value.code == "conflict"
    files(bench, b="two", c="two")
    with pytest.raises(ToolError) as error:
        applied(bench, digest, **query)
    assert error.value.code == "conflict"
    assert (bench.path / "a").read_text() == "two"


def test_a_file_changed_at_the_last_moment_stops_it_before_the_first_write(bench: Bench) -> None:
    files(bench, a="two", b="two")
    found = plan(bench, pattern="two", replacement="2")
    files(bench, b="theirs")
    with Recording(bench.job) as record, pytest.raises(ToolError) as error:
        write_all(record, bench.at("."), found)
    assert error.value.code == "conflict"
    assert [(bench.path / name).read_text() for name in "ab"] == ["two", "theirs"]
    assert list(bench.journal.entries()) == []


def test_globs_rules_and_binary_files_are_respected(strict_bench: Bench) -> None:
    bench = strict_bench
    (bench.path / "secret").mkdir()
    (bench.path / "secret/s").write_text("two")
    (bench.path / ".git/hooks").mkdir(parents=True)
    (bench.path / ".git/hooks/run").write_text("two")
    files(bench, a="two", fixed="two", keep="two", other="two")
    (bench.path / "binary").write_bytes(b"two\x00\x01")
    (bench.path / "latin").write_bytes(b"\xe9 two")
    (bench.path / "link").symlink_to("fixed")
    found = plan(bench, pattern="two", replacement="2", exclude=("keep",))
    assert [rewrite.path for rewrite in found.rewrites] == ["a", "latin", "other"]
    assert found.rewrites[1].data == b"\xe9 2"
    assert found.skipped >= 1
    assert [rewrite.path for rewrite in plan(bench, pattern="two", replacement="2", include=("o*",)).rewrites] == [
        "other"
    ]


def test_too_many_files_are_refused(bench: Bench) -> None:
    files(bench, a="two", b="two", c="two")
    with pytest.raises(ToolError) as error:
        plan(bench, pattern="two", replacement="2", max_files=2)
    assert error.value.code == "too_large"


async def test_the_token_belongs_to_its_arguments(tmp_path: Path) -> None:
    root = tmp_path / "R"
    root.mkdir()
    (root / "a").write_text("two two\n")
    settings = Settings(dirs=[str(root)], history_dir=tmp_path / "J")
    async with connect(server, settings) as client:
        query = {"pattern": "two", "replacement": "2"}
        dry = await client.call("replace_in_files", **query)
        assert dry.data["totals"]["replacements"] == 2
        token = dry.data["applyToken"]
        for wrong in ({"pattern": "tw", "replacement": "2"}, {**query, "path": str(root)}):
            refused = await client.call("replace_in_files", **wrong, dryRun=False, applyToken=token)
            assert refused.error_code == "invalid_argument"
        without = await client.call("replace_in_files", **query, dryRun=False)
        assert without.error_code == "invalid_argument"
        assert (root / "a").read_text() == "two two\n"
        done = await client.call("replace_in_files", **query, dryRun=False, applyToken=token)
        assert (root / "a").read_text() == "2 2\n"
        again = await client.call("replace_in_files", **query, dryRun=False, applyToken=token)
        assert again.error_code == "conflict"
        await client.call("undo_change", changeId=done.data["changeId"])
    assert (root / "a").read_text() == "two two\n"

"""Entries page by page, facts about a path, sizes in words."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol import ToolError
from mcp_protocol.testing import connect
from mcp_ref_filesystem.change.etag import etag_of
from mcp_ref_filesystem.results import joined, stamp
from mcp_ref_filesystem.search.walk import Position
from mcp_ref_filesystem.server import server
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.tools.listing import as_lines, size_text
from mcp_ref_filesystem.views import info as infos
from mcp_ref_filesystem.views.birth import birth_time
from mcp_ref_filesystem.views.entries import ListQuery, SizedQuery, list_entries, list_sized
from mcp_ref_filesystem.views.info import FileInfo, as_text, file_info
from mcp_ref_kit.workers import Stop

Bench = Any
ROOM = 400_000


def fill(path: Path) -> None:
    (path / "dir").mkdir()
    (path / "B").write_bytes(b"x" * 30)
    (path / "a").write_bytes(b"x" * 10)
    (path / ".c").write_bytes(b"x" * 20)
    (path / "link").symlink_to("a")


def test_directories_come_first_then_code_points(bench: Bench) -> None:
    fill(bench.path)
    found = list_entries(bench.at("."), ListQuery(path="."), ROOM, None)
    assert [(one.name, one.type, one.target) for one in found.entries] == [
        ("dir", "directory", None),
        (".c", "file", None),
        ("B", "file", None),
        ("a", "file", None),
        ("link", "symlink", "a"),
    ]
    assert (found.total, found.truncation, found.position) == (5, None, None)
    assert as_lines(found.entries) == "[DIR] dir\n[FILE] .c\n[FILE] B\n[FILE] a\n[LINK] link -> a"


def test_hidden_and_ignored_entries_can_be_left_out(bench: Bench) -> None:
    fill(bench.path)
    (bench.path / ".gitignore").write_text("B\ndir/\n")
    found = list_entries(bench.at("."), ListQuery(path=".", hidden=False, gitignore=True), ROOM, None)
    assert [one.name for one in found.entries] == ["a", "link"]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_give_every_name_once(bench: Bench, limit: int) -> None:
    fill(bench.path)
    names: list[str] = []
    after: Position | None = None
    for _ in range(9):
        page = list_entries(bench.at("."), ListQuery(path=".", limit=limit), ROOM, after)
        names += [one.name for one in page.entries]
        after = page.position
        if after is None:
            break
        assert page.truncation is not None
        assert (page.truncation.reason, page.truncation.total) == ("limit", 5)
    assert names == ["dir", ".c", "B", "a", "link"]


def test_names_that_have_no_room_wait_for_the_next_page(bench: Bench) -> None:
    for number in range(9):
        (bench.path / f"{number}{'x' * 200}").touch()
    page = list_entries(bench.at("."), ListQuery(path="."), 1200, None)
    assert page.truncation is not None
    assert (page.truncation.reason, page.truncation.shown, page.truncation.total) == ("bytes", 4, 9)
    sized = list_sized(Stop(), bench.at("."), SizedQuery(path="."), 1200, None)
    assert sized.truncation is not None
    assert (sized.truncation.reason, sized.truncation.shown) == ("bytes", 3)


def test_fs36_odd_names_are_shown_with_escapes_and_flagged(bench: Bench) -> None:
    for name in (b"new\nline", b"\x1b[31m", b"\xff\xfe", b"back\\slash", "right\u202eleft".encode()):
        Path(os.fsdecode(os.fsencode(bench.path) + b"/" + name)).touch()
    found = list_entries(bench.at("."), ListQuery(path="."), ROOM, None).entries
    assert {one.name: one.name_encoded for one in found} == {
        "\\x1b[31m": True,
        "back\\slash": False,
        "new\\x0aline": True,
        "right\u202eleft": False,
        "\\xff\\xfe": True,
    }
    for one in found:
        with bench.at(one.name).open() as file:
            assert file.stat.st_size == 0


@pytest.mark.parametrize(
    ("sort_by", "order", "expected"),
    [
        ("name", None, ["dir", ".c", "B", "a"]),
        ("name", "desc", ["dir", "a", "B", ".c"]),
        ("size", "asc", ["a", ".c", "B"]),
        ("size", None, ["B", ".c", "a"]),
        ("mtime", None, ["a", "B", ".c"]),
        ("mtime", "asc", [".c", "B", "a"]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 100])
def test_sorted_pages_give_every_name_once(
    bench: Bench, sort_by: Any, order: Any, expected: list[str], limit: int
) -> None:
    fill(bench.path)
    (bench.path / "link").unlink()
    if sort_by != "name":
        (bench.path / "dir").rmdir()
    for name, moment in ((".c", 1), ("B", 2), ("a", 3)):
        os.utime(bench.path / name, (moment, moment))
    names: list[str] = []
    after: Position | None = None
    for _ in range(9):
        query = SizedQuery(path=".", sort_by=sort_by, order=order, limit=limit)
        page = list_sized(Stop(), bench.at("."), query, ROOM, after)
        names += [one.name for one in page.entries]
        after = page.position
        if after is None:
            break
    assert names == expected


def test_a_longer_name_precedes_the_one_it_continues_when_sorted_backwards(bench: Bench) -> None:
    for name in ("a", "ab", "abc", "b"):
        (bench.path / name).touch()
    query = SizedQuery(path=".", sort_by="name", order="desc")
    assert [one.name for one in list_sized(Stop(), bench.at("."), query, ROOM, None).entries] == ["b", "abc", "ab", "a"]


def test_sizes_times_and_modes_come_with_totals(bench: Bench) -> None:
    fill(bench.path)
    (bench.path / "a").chmod(0o640)
    os.utime(bench.path / "a", (0, 0))
    found = list_sized(Stop(), bench.at("."), SizedQuery(path="."), ROOM, None)
    (entry,) = [one for one in found.entries if one.name == "a"]
    assert (entry.size, entry.mtime, entry.mode) == (10, "1970-01-01T00:00:00.000Z", "-rw-r-----")
    assert (found.totals.files, found.totals.directories, found.totals.bytes) == (4, 1, 60)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.00 KB"), (1536, "1.50 KB"), (1 << 20, "1.00 MB"), (1 << 50, "1024.00 TB")],
)
def test_sizes_are_said_as_the_official_server_says_them(number: int, text: str) -> None:
    assert size_text(number) == text


def test_times_beyond_the_calendar_are_unknown() -> None:
    assert stamp(10**30) == "unknown"
    assert stamp(-1) == "1969-12-31T23:59:59.999Z"


@pytest.mark.parametrize(
    ("written", "below", "path"),
    [(".", "a", "a"), ("./", "a", "a"), ("d", "a", "d/a"), ("d/", "a", "d/a"), ("/", "a", "/a")],
)
def test_paths_stay_in_the_spelling_of_the_caller(written: str, below: str, path: str) -> None:
    assert joined(written, below) == path


def facts(bench: Bench, path: str) -> FileInfo:
    return file_info(Stop(), bench.at(path))


def test_a_text_file_is_looked_into(bench: Bench) -> None:
    (bench.path / "a.md").write_bytes(b"caf\xe9\n2")
    (bench.path / "a.md").chmod(0o600)
    found = facts(bench, "a.md")
    assert (found.type, found.size, found.permissions, found.mode) == ("file", 6, "600", "-rw-------")
    assert (found.mime_type, found.encoding, found.line_count) == ("text/markdown", "latin-1", 2)
    assert (found.etag, found.is_symlink, found.readable, found.writable) == (etag_of(b"caf\xe9\n2"), False, True, True)
    assert found.modified.endswith("Z")
    text = as_text(found)
    assert text.startswith("size: 6\n")
    assert "isFile: true\npermissions: 600\n" in text


def test_a_binary_file_has_neither_lines_nor_encoding(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"\0\1\2")
    found = facts(bench, "a")
    assert (found.mime_type, found.encoding, found.line_count) == ("application/octet-stream", None, None)
    assert found.etag == etag_of(b"\0\1\2")


def test_a_large_file_is_not_looked_into_whole(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infos, "SURVEYED", 2)
    (bench.path / "a").write_bytes(b"abc")
    found = facts(bench, "a")
    assert (found.encoding, found.line_count, found.etag) == ("utf-8", None, None)


def test_directories_and_the_allowed_directory_itself_are_answers(bench: Bench) -> None:
    (bench.path / "d").mkdir()
    for path in ("d", "."):
        found = facts(bench, path)
        assert (found.type, found.mime_type, found.readable) == ("directory", "inode/directory", True)


@pytest.mark.parametrize(
    ("target", "inside"), [("a", True), ("missing", None), ("../R-evil", False), ("/etc/passwd", False), ("loop", None)]
)
def test_fs22_a_link_is_an_answer_wherever_it_leads(bench: Bench, target: str, *, inside: bool | None) -> None:
    (bench.path / "a").touch()
    (bench.path / "loop").symlink_to("loop")
    (bench.path / "l").symlink_to(target)
    found = facts(bench, "l")
    assert (found.type, found.is_symlink, found.target, found.target_inside) == ("symlink", True, target, inside)


def test_what_is_not_there_is_not_found(bench: Bench) -> None:
    with pytest.raises(ToolError) as caught:
        facts(bench, "missing")
    assert caught.value.code == "not_found"


def test_a_fifo_is_told_of_without_opening_it(bench: Bench) -> None:
    os.mkfifo(bench.path / "f")
    found = facts(bench, "f")
    assert (found.type, found.mime_type, found.mode[0]) == ("other", None, "p")


def test_what_rules_forbid_is_said(strict_bench: Bench) -> None:
    (strict_bench.path / "secret").mkdir()
    (strict_bench.path / "secret" / "x").write_text("hidden")
    (strict_bench.path / "fixed").write_text("x")
    denied = facts(strict_bench, "secret/x")
    assert (denied.readable, denied.writable, denied.etag, denied.encoding) == (False, False, None, None)
    assert (facts(strict_bench, "fixed").readable, facts(strict_bench, "fixed").writable) == (True, False)


def test_the_time_of_birth_is_between_making_and_now(bench: Bench) -> None:
    (bench.path / "a").touch()
    found = (bench.path / "a").stat()
    descriptor = os.open(bench.path, os.O_RDONLY)
    try:
        born = birth_time(descriptor, "a", found)
        assert birth_time(descriptor, "missing", found) is None
    finally:
        os.close(descriptor)
    assert born is None or abs(born - found.st_ctime_ns) < 5_000_000_000


def test_an_owner_without_a_name_is_a_number(bench: Bench) -> None:
    (bench.path / "a").touch()
    if os.geteuid() == 0:
        os.chown(bench.path / "a", 54321, -1)
        assert facts(bench, "a").owner == "54321"
    assert stat.S_ISREG((bench.path / "a").stat().st_mode)


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    def make(*names: str, **fields: Any) -> Settings:
        for name in names:
            (tmp_path / name.removesuffix(":ro")).mkdir(exist_ok=True)
        dirs = [str(tmp_path / name) for name in names]
        return Settings(dirs=dirs, history_dir=tmp_path / "history", **fields)

    return make


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_the_dot_lists_all_directories_where_there_are_several(
    settings: Callable[..., Settings], tmp_path: Path, revision: str
) -> None:
    async with connect(server, settings("one", "two:ro"), revision=revision) as client:
        found = await client.call("list_directory", path=".")
        allowed = await client.call("list_allowed_directories")
    assert [one["name"] for one in found.data["entries"]] == [str(tmp_path / "one"), str(tmp_path / "two")]
    assert found.text == f"[DIR] {tmp_path / 'one'}\n[DIR] {tmp_path / 'two'}"
    assert [(one["mode"], one["source"], one["exists"]) for one in allowed.data["directories"]] == [
        ("read-write", "operator", True),
        ("read-only", "operator", True),
    ]
    assert allowed.data["roots"] == {"mode": "narrow", "client": []}
    assert allowed.text == f"Allowed directories:\n{tmp_path / 'one'}\n{tmp_path / 'two'}"


async def test_cursors_lead_through_the_tools(settings: Callable[..., Settings], tmp_path: Path) -> None:
    async with connect(server, settings("R")) as client:
        for name in ("a", "b", "c"):
            (tmp_path / "R" / name).write_text("x")
        for tool in ("list_directory", "list_directory_with_sizes"):
            first = await client.call(tool, path=".", limit=2)
            rest = await client.call(tool, path=".", limit=2, cursor=first.data["nextCursor"])
            names = [one["name"] for page in (first, rest) for one in page.data["entries"]]
            assert names == ["a", "b", "c"]
            assert first.data["truncation"] == {"reason": "limit", "shown": 2, "total": 3}
            assert f"[2 of 3 shown, cut by limit: go on with cursor {first.data['nextCursor']}]" in first.text
            assert (rest.data["truncated"], "nextCursor" in rest.data) == (False, False)


async def test_the_text_with_sizes_is_that_of_the_official_server(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    async with connect(server, settings("R")) as client:
        (tmp_path / "R" / "d").mkdir()
        (tmp_path / "R" / "f.txt").write_bytes(b"x" * 1536)
        found = await client.call("list_directory_with_sizes", path=".")
    assert found.text == (
        f"[DIR] {'d':<30} {'':>10}\n[FILE] {'f.txt':<30} {'1.50 KB':>10}\n\n"
        "Total: 1 files, 1 directories\nCombined size: 1.50 KB"
    )

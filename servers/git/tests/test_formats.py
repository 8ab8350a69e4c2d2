"""What git prints, read from literal bytes."""

import threading
from datetime import UTC, datetime
from typing import cast

import pytest

from mcp_protocol import ToolError
from mcp_ref_git import Settings
from mcp_ref_git.access.repositories import Repository
from mcp_ref_git.program.failures import failure
from mcp_ref_git.program.redaction import redacted, without_credentials
from mcp_ref_git.program.runner import Answer, Git
from mcp_ref_git.reading.blame import parse_blame
from mcp_ref_git.reading.conflicts import parse_unmerged
from mcp_ref_git.reading.grep import Matches
from mcp_ref_git.reading.listing import Listing
from mcp_ref_git.reading.moments import seconds_of
from mcp_ref_git.reading.paging import cut, header_of
from mcp_ref_git.reading.tags import parse_tag
from mcp_ref_git.reading.worktrees import parse_worktrees
from mcp_ref_git.remotes.updates import differences, pushed
from mcp_ref_git.repository import Opened
from mcp_ref_kit.workers import Workers

A, B = "a" * 40, "b" * 40
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
RAW = (
    f":100644 100644 {A} {B} M\0a.txt\0:100644 100644 {A} {B} R090\0old\0new\0:000000 100644 {A} {B} A\0b.bin\0"
    "3\t1\ta.txt\0002\t0\t\0old\0new\0-\t-\tb.bin\0\0diff --git a/a.txt b/a.txt\n+x\n"
).encode()


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_diff_is_taken_in_pieces_of_any_size(size: int) -> None:
    listing = Listing(most_text=1000)
    for start in range(0, len(RAW), size):
        listing.take(RAW[start : start + size])
    found = [(one.path, one.old, one.letter, one.additions, one.deletions, one.binary) for one in listing.files]
    assert found == [
        ("a.txt", None, "M", 3, 1, False), ("new", "old", "R", 2, 0, False), ("b.bin", None, "A", None, None, True),
    ]  # fmt: skip
    assert bytes(listing.text) == b"diff --git a/a.txt b/a.txt\n+x\n"


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_the_fields_of_a_commit_come_before_its_files(size: int) -> None:
    data = b"one\0two\n\0three\0\n" + RAW
    listing = Listing(before=3, most_text=1000)
    for start in range(0, len(data), size):
        listing.take(data[start : start + size])
    assert listing.fields == ["one", "two\n", "three"]
    assert [file.path for file in listing.files] == ["a.txt", "new", "b.bin"]


def test_a_merge_has_an_empty_field_between_and_a_commit_without_changes_has_nothing() -> None:
    merge = Listing(before=1)
    merge.take(f"x\0\0::100644 100644 100644 {A} {B} {A} MM\0a\0".encode())
    assert [(file.path, file.combined) for file in merge.files] == [("a", True)]
    empty = Listing(before=1)
    empty.take(b"x\0")
    assert (empty.fields, empty.files) == (["x"], [])


def test_text_beyond_what_is_wanted_ends_the_command() -> None:
    listing = Listing(most_text=5)
    assert not listing.take(RAW)
    assert len(listing.text) > 5


PATCH = b"diff --git a/a b/a\n@@ -1 +1 @@\n-1\n+2\n@@ -9 +9 @@\n-3\n+4\ndiff --git a/b b/b\n@@ -1 +1 @@\n-5\n+6\n"


def test_a_page_ends_before_a_file_else_a_hunk_else_after_a_line() -> None:
    second = PATCH.index(b"diff --git a/b")
    assert cut(PATCH, second + 15).end == second
    hunk = PATCH.index(b"@@ -9")
    found = cut(PATCH, hunk + 10)
    assert (found.end, found.files, found.of_last) == (hunk, 1, hunk)
    long = b"diff --git a/a b/a\n@@ -1 +1 @@\n" + b"+line\n" * 100
    assert long[: cut(long, 300).end].endswith(b"+line\n")
    assert cut(b"x" * 100, 10).end == 10
    assert header_of(PATCH) == b"diff --git a/a b/a\n"


def test_what_stands_in_a_file_is_no_header() -> None:
    text = b"diff --git a/a b/a\n@@ -1 +1,3 @@\n+diff --git a/evil b/evil\n+@@ -1 +1 @@\n" + b"+x\n" * 50
    assert cut(text, 120).files == 1


def test_blame_is_grouped() -> None:
    data = (
        f"{A} 1 1 2\nauthor Ada\nauthor-mail <a@b>\nauthor-time 1700000000\nauthor-tz +0000\nsummary one\n"
        "filename f\n\tx\n"
        f"{A} 2 2\n\ty\n{B} 1 3 1\nauthor B\xff\nauthor-mail <>\nauthor-time 1\nsummary s\nfilename g\n\tz\n"
    ).encode("latin-1")
    first, second = parse_blame(data)
    assert (first.commit, first.start, first.end, first.lines, first.author.name) == (A, 1, 2, ["x", "y"], "Ada")
    assert (second.start, second.orig_path, second.author.name) == (3, "g", "B\ufffd")


def test_matches_are_counted_and_the_rest_is_known_to_be_there() -> None:
    data = b"a\x001\x002\x00one\na\x002\x00between\n--\nb\x003\x001\x00two\nb\x009\x001\x00three\n"
    matches = Matches(0, 2, in_commit=None)
    assert not matches.take(data)
    assert [(one.path, one.line, one.column, one.text) for one in matches.found] == [
        ("a", 1, 2, "one"), ("a", 2, None, "between"), ("b", 3, 1, "two"),
    ]  # fmt: skip
    later = Matches(2, 2, in_commit=A)
    for byte in f"{A}:".encode().join([b"", *data.splitlines(keepends=True)]):
        later.take(bytes([byte]))
    later.end()
    assert [one.path for one in later.found] == ["b"]
    assert not later.has_more


def test_an_annotated_tag_is_read() -> None:
    data = (
        f"object {A}\ntype commit\ntag v1\ntagger Ada <a@b> 1700000000 +0130\n\nText\n-----BEGIN PGP SIGNATURE-----\n"
    )
    tag = parse_tag(data.encode())
    assert (tag.name, tag.object, tag.message, tag.signed) == ("v1", A, "Text", True)
    assert tag.date == "2023-11-14T23:43:20+01:30"
    odd = parse_tag(b"object x\ntagger nobody <> 99999999999999999 +9\n\n")
    assert (odd.date, odd.type) == (None, "")


def test_conflicts_have_three_sides() -> None:
    data = f"100644 {A} 1\ta\x00100644 {B} 2\ta\x00100644 {B} 3\tb\xff\0\0junk\0".encode("latin-1")
    found = parse_unmerged(data)
    assert [(one.path, one.base, one.ours, one.theirs) for one in found] == [
        ("a", A, B, None),
        ("b\\xff", None, None, B),
    ]


def test_work_trees_are_read() -> None:
    data = (
        f"worktree /a\0HEAD {A}\0branch refs/heads/main\0\0worktree /b\0HEAD {B}\0detached\0prunable gone\0\0".encode()
    )
    first, second = parse_worktrees(data)
    assert (first.path, first.branch, first.main) == ("/a", "main", True)
    assert (second.detached, second.prunable, second.main) == (True, True, False)


def test_updates_of_refs() -> None:
    assert [(one.ref, one.status) for one in differences({"x": A, "y": A, "z": A}, {"x": B, "y": A, "w": B})] == [
        ("w", "new"), ("x", "updated"), ("z", "deleted"),
    ]  # fmt: skip
    text = "To https://u:p@h/\n \trefs/heads/a:refs/heads/a\t1234567..89abcde\n"
    text += "!\trefs/heads/b:refs/heads/b\t[rejected] (x)\nDone\n"
    assert [(one.ref, one.old, one.new, one.status) for one in pushed(text)] == [
        ("refs/heads/a", "1234567", "89abcde", "fast-forward"),
        ("refs/heads/b", None, None, "rejected: [rejected] (x)"),
    ]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-30", "2026-01-30T00:00:00+00:00"), ("2026-01-30T10:00:00+02:00", "2026-01-30T08:00:00+00:00"),
        ("2026-01-30 10:00", "2026-01-30T10:00:00+00:00"), ("now", "2026-01-31T12:00:00+00:00"),
        ("yesterday", "2026-01-30T00:00:00+00:00"), ("2 weeks ago", "2026-01-17T12:00:00+00:00"),
        ("1 hour ago", "2026-01-31T11:00:00+00:00"), ("1700000000", "2023-11-14T22:13:20+00:00"),
        ("@0", "1970-01-01T00:00:00+00:00"), ("99999 years ago", "1970-01-01T00:00:00+00:00"),
    ],
)  # fmt: skip
def test_dates_are_read(text: str, moment: str) -> None:
    assert seconds_of(text, "x", NOW) == int(datetime.fromisoformat(moment).timestamp())


@pytest.mark.parametrize("text", ["", "soon", "-1", "2026-13-01", "--since=x", "1 fortnight ago", "999999999999999"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ToolError):
        seconds_of(text, "x", NOW)


def test_what_git_says_is_passed_on_without_secrets_and_places() -> None:
    said = "fatal: unable to access 'https://u:s3cret@host/x': failed at /etc/secret and /work/repo/a.txt\x1b[31m"
    assert redacted(said, ["/work/repo"]) == (
        "fatal: unable to access 'https://***@host/x': failed at <path> and /work/repo/a.txt[31m"
    )
    assert without_credentials("ssh://git@host/x Authorization: Basic abc") == "ssh://***@host/x Authorization: ***"
    assert len(redacted("x" * 9000)) == 4000


@pytest.mark.parametrize(
    ("stderr", "code"),
    [
        (b"fatal: Unable to create '/r/.git/index.lock': File exists.", "busy"),
        (
            b"error: Your local changes to the following files would be overwritten by checkout:\n\ta\n",
            "would_overwrite",
        ),
        (b"fatal: could not read Username for 'https://x': terminal prompts disabled", "auth_required"),
        (b"fatal: transport 'file' not allowed", "remote_denied"),
        (b"fatal: a branch named 'x' already exists", "already_exists"),
        (b"error: gpg failed to sign the data", "git_failed"),
        (b"fatal: pathspec 'x' did not match any files", "not_found"),
        (b"fatal: something new", "git_failed"),
        (b"", "git_failed"),
    ],
)
def test_what_went_wrong_has_a_code(stderr: bytes, code: str) -> None:
    assert failure("x", stderr).code == code


@pytest.mark.parametrize(("size", "is_here"), [(100, True), (1_000_000, False)])
async def test_a_long_answer_is_parsed_where_no_call_waits_for_it(size: int, *, is_here: bool) -> None:
    async with Workers("git", 1) as workers:
        opened = Opened(cast("Git", None), workers, Settings(), cast("Repository", None))
        where = await opened.parsed(lambda _: threading.current_thread(), Answer(0, b"x" * size, b"", cut=False))
    assert (where is threading.current_thread()) == is_here

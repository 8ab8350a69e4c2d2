"""edit_file on real files: encodings and line ends survive, all or nothing, a dry run touches nothing."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.change.etag import etag_of
from mcp_ref_filesystem.change.rewriting import EditResult, Wish
from mcp_ref_filesystem.text.splice import Edit, MatchMode
from mcp_ref_filesystem.tools.edit import edit_content

Bench = Any


def edited(bench: Bench, *edits: tuple[str, str], mode: MatchMode = "whitespace", **wish: Any) -> EditResult:
    listed = [Edit(old_text=old, new_text=new) for old, new in edits]
    return edit_content(bench.job, bench.at("a"), listed, Wish(**wish), mode=mode)


def refusal(bench: Bench, *edits: tuple[str, str], **wish: Any) -> ToolError:
    before = (bench.path / "a").read_bytes()
    with pytest.raises(ToolError) as error:
        edited(bench, *edits, **wish)
    assert (bench.path / "a").read_bytes() == before
    assert bench.names() == ["a"]
    return error.value


@pytest.mark.parametrize(
    ("data", "new"),
    [
        (b"caf\xe9 one\n\xff", b"caf\xe9 two\n\xff"),
        ("café one\n".encode(), "café two\n".encode()),
        (b"\xef\xbb\xbfone", b"\xef\xbb\xbftwo"),
        ("\ufeffone é".encode("utf-16-le"), "\ufefftwo é".encode("utf-16-le")),
        ("\ufeffone \U0001f600".encode("utf-16-be"), "\ufefftwo \U0001f600".encode("utf-16-be")),
        ("one of plain text\r\n".encode("utf-16-le"), "two of plain text\r\n".encode("utf-16-le")),
        ("\ufeffone".encode("utf-32-le"), "\ufefftwo".encode("utf-32-le")),
        (b"a\r\none\r\nb", b"a\r\ntwo\r\nb"),
        (b"a\rone\rb\r", b"a\rtwo\rb\r"),
        (b"a\none", b"a\ntwo"),
        (b"one\x0c\x0b\x1c\xc2\x85\xe2\x80\xa8\n", b"two\x0c\x0b\x1c\xc2\x85\xe2\x80\xa8\n"),
    ],
)
def test_all_other_bytes_stay_equal(bench: Bench, data: bytes, new: bytes) -> None:
    (bench.path / "a").write_bytes(data)
    done = edited(bench, ("one", "two"))
    assert (bench.path / "a").read_bytes() == new
    assert done.etag == etag_of(new)


def test_a_character_that_the_file_cannot_hold_is_refused(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"caf\xe9 one")
    assert refusal(bench, ("one", "\u20ac")).code == "encoding"


def test_a_lone_surrogate_is_refused(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"one")
    assert refusal(bench, ("one", "\ud83d")).code == "encoding"


def test_a_binary_file_is_refused(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"one\x00\x01\x02")
    assert refusal(bench, ("one", "two")).code == "is_binary"


def test_a_missing_file_is_not_created(bench: Bench) -> None:
    with pytest.raises(ToolError) as error:
        edited(bench, ("one", "two"))
    assert error.value.code == "not_found"
    assert bench.names() == []


def test_one_miss_means_that_nothing_is_applied(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"one two three\n")
    error = refusal(bench, ("one", "1"), ("twoo", "2"))
    assert error.code == "no_match"
    assert error.message.startswith("edits[1]: oldText is not in the file `a`.")


def test_a_miss_by_indentation_shows_the_block(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"if x:\n\t\ty = 1\n")
    error = refusal(bench, ("if x:\n    y = 1", "z"), mode="exact")
    assert "line 1, 100% alike, differs in indentation:\n if x:\n-    y = 1\n+\t\ty = 1" in error.message


def test_a_miss_with_nothing_like_it_says_so(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"alpha\n")
    assert refusal(bench, ("omega", "z")).hint is not None


def test_a_stale_etag_is_a_conflict(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"one")
    assert refusal(bench, ("one", "two"), if_match="0" * 16).code == "conflict"
    edited(bench, ("one", "two"), if_match=etag_of(b"one"))


def test_a_dry_run_touches_nothing_and_shows_what_applying_shows(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"one\nb\n")
    before = (bench.path / "a").stat()
    dry = edited(bench, ("one", "two"), dry_run=True)
    assert (bench.path / "a").stat() == before
    assert not bench.journal.path.exists()
    wet = edited(bench, ("one", "two"))
    assert (dry.diff, dry.applied, dry.etag) == (wet.diff, wet.applied, wet.etag)
    assert (dry.change_id, dry.dry_run, wet.dry_run) == (None, True, False)


def test_edits_that_change_nothing_write_nothing(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"one")
    before = (bench.path / "a").stat()
    done = edited(bench, ("one", "two"), ("two", "one"))
    assert (bench.path / "a").stat() == before
    assert (done.diff, done.change_id) == ("", None)


def test_mode_and_links_survive(bench: Bench) -> None:
    (bench.path / "d").mkdir()
    real = bench.path / "d" / "real"
    real.write_bytes(b"one")
    real.chmod(0o750)
    (bench.path / "a").symlink_to("d/real")
    edited(bench, ("one", "two"))
    assert real.read_bytes() == b"two"
    assert real.stat().st_mode & 0o777 == 0o750
    assert (bench.path / "a").readlink() == Path("d/real")


def test_a_long_diff_is_cut(bench: Bench) -> None:
    (bench.path / "a").write_text("old\n" * 20_000)
    done = edit_content(bench.job, bench.at("a"), [Edit(old_text="old", new_text="new", replace_all=True)], Wish())
    assert done.diff.endswith("lines of the diff are left out\n")
    assert len(done.diff) < 70_000


encodings = st.sampled_from(["utf-8", "latin-1", "utf-16-le", "utf-16-be", "utf-32-be"])
words = st.text(st.sampled_from("aé \t\r\n\u00ff"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(encoding=encodings, before=words, after=words)
def test_bytes_round_the_edit_are_kept_in_any_encoding(bench: Bench, encoding: str, before: str, after: str) -> None:
    mark = "" if encoding in {"utf-8", "latin-1"} else "\ufeff"
    data = f"{mark}{before}<old>{after}".encode(encoding)
    (bench.path / "a").write_bytes(data)
    edited(bench, ("<old>", "<new\u00ff>"))
    result = (bench.path / "a").read_bytes()
    # What is ASCII and latin-1 alike counts as UTF-8, so the new character may be written in either.
    wanted = f"{mark}{before}<new\u00ff>{after}"
    assert result in {wanted.encode(encoding), wanted.encode("utf-8")}

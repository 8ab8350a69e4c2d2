"""write_file, append_file and create_directory: what they write, what they keep, what they refuse."""

import os
import stat
from typing import Any

import pytest
from msgspec.structs import replace

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.change.etag import etag_of
from mcp_ref_filesystem.history.journal import Journal
from mcp_ref_filesystem.tools.write import (
    Addition,
    Content,
    append_content,
    make_directory,
    text_to_bytes,
    write_content,
)

Bench = Any


def code(error: pytest.ExceptionInfo[ToolError]) -> str:
    return error.value.code


def test_a_new_file_says_so(bench: Bench) -> None:
    done = write_content(bench.job, bench.at("a"), Content(data=b"hi"))
    assert (bench.path / "a").read_bytes() == b"hi"
    assert (done.created, done.unchanged, done.bytes, done.etag) == (True, False, 2, etag_of(b"hi"))
    assert done.previous_etag is None
    assert done.change_id is not None


def test_replacing_gives_both_etags(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"old")
    done = write_content(bench.job, bench.at("a"), Content(data=b"new"))
    assert (done.created, done.previous_etag, done.etag) == (False, etag_of(b"old"), etag_of(b"new"))


def test_identical_bytes_are_not_written(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"same")
    before = (bench.path / "a").stat()
    done = write_content(bench.job, bench.at("a"), Content(data=b"same"))
    assert (done.unchanged, done.change_id) == (True, None)
    assert (bench.path / "a").stat() == before
    assert list(bench.journal.entries()) == []


def test_without_overwrite_an_existing_file_stays(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"old")
    with pytest.raises(ToolError) as error:
        write_content(bench.job, bench.at("a"), Content(data=b"new", overwrite=False))
    assert code(error) == "already_exists"
    assert (bench.path / "a").read_bytes() == b"old"


def test_a_stale_etag_is_a_conflict_and_a_fresh_one_is_not(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"old")
    with pytest.raises(ToolError) as error:
        write_content(bench.job, bench.at("a"), Content(data=b"new", if_match="0" * 16))
    assert code(error) == "conflict"
    write_content(bench.job, bench.at("a"), Content(data=b"new", if_match=etag_of(b"old")))
    with pytest.raises(ToolError) as error:
        write_content(bench.job, bench.at("missing"), Content(data=b"new", if_match=etag_of(b"old")))
    assert code(error) == "conflict"
    assert bench.names() == ["a"]


def test_missing_parents_are_made_only_on_request(bench: Bench) -> None:
    with pytest.raises(ToolError) as error:
        write_content(bench.job, bench.at("x/y/a"), Content(data=b""))
    assert code(error) == "not_found"
    write_content(bench.job, bench.at("x/y/a"), Content(data=b"", create_parents=True))
    assert bench.names() == ["x", "x/y", "x/y/a"]


def test_parents_are_removed_again_when_the_write_fails(bench: Bench) -> None:
    bench.journal.most_bytes = -1
    with pytest.raises(ToolError):
        write_content(bench.job, bench.at("x/y/" + "n" * 256), Content(data=b"", create_parents=True))
    assert bench.names() == []
    assert list(bench.journal.entries()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_marked_read_only_is_not_replaced(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"old")
    (bench.path / "a").chmod(0o444)
    with pytest.raises(ToolError) as error:
        write_content(bench.job, bench.at("a"), Content(data=b"new"))
    assert code(error) == "denied_policy"


def test_a_link_inside_stays_and_its_target_is_written(bench: Bench) -> None:
    (bench.path / "d").mkdir()
    (bench.path / "d/real").write_bytes(b"old")
    (bench.path / "link").symlink_to("d/real")
    write_content(bench.job, bench.at("link"), Content(data=b"new"))
    assert (bench.path / "link").is_symlink()
    assert (bench.path / "d/real").read_bytes() == b"new"


def test_another_name_of_the_file_keeps_the_old_content(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"old")
    os.link(bench.path / "a", bench.path / "b")
    write_content(bench.job, bench.at("a"), Content(data=b"new"))
    append_content(bench.job, bench.at("b"), Addition(text="er"))
    os.link(bench.path / "b", bench.path / "c")
    append_content(bench.job, bench.at("b"), Addition(text="+", new_line=False))
    assert [(bench.path / name).read_bytes() for name in "abc"] == [b"new", b"old\ner+", b"old\ner"]


def test_a_directory_is_no_file(bench: Bench) -> None:
    (bench.path / "d").mkdir()
    for act in (
        lambda: write_content(bench.job, bench.at("d"), Content(data=b"")),
        lambda: append_content(bench.job, bench.at("d"), Addition(text="")),
    ):
        with pytest.raises(ToolError) as error:
            act()
        assert code(error) == "not_a_file"


def test_without_history_nothing_is_kept(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"old")
    done = write_content(bench.without_history(), bench.at("a"), Content(data=b"new"))
    assert done.change_id is None
    assert not bench.journal.path.exists()


def test_an_unusable_journal_refuses_the_change(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"old")
    bench.journal.path.write_bytes(b"a file where the directory should be")
    with pytest.raises(ToolError) as error:
        write_content(bench.job, bench.at("a"), Content(data=b"new"))
    assert code(error) == "io"
    assert "journal" in error.value.message
    assert (bench.path / "a").read_bytes() == b"old"


def test_too_much_for_the_journal_refuses_the_change(bench: Bench, tmp_path: Any) -> None:
    (bench.path / "a").write_bytes(b"x" * 101)
    small = replace(bench.job, journal=Journal(tmp_path / "small", most_bytes=100, days=1))
    with pytest.raises(ToolError) as error:
        write_content(small, bench.at("a"), Content(data=b"new"))
    small.journal.close()
    assert code(error) == "too_large"
    assert (bench.path / "a").read_bytes() == b"x" * 101


def test_a_cancelled_write_changes_nothing(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"old")
    bench.stop.set()
    with pytest.raises(ToolError) as error:
        write_content(bench.job, bench.at("a"), Content(data=b"new"))
    assert code(error) == "cancelled"
    assert (bench.path / "a").read_bytes() == b"old"
    assert bench.names() == ["a"]
    assert list(bench.journal.entries()) == []


@pytest.mark.parametrize(
    ("text", "encoding", "line_end", "data"),
    [
        ("é\n", "utf-8", "keep", b"\xc3\xa9\n"),
        ("é", "latin-1", "keep", b"\xe9"),
        ("é", "utf-16", "keep", b"\xff\xfe\xe9\x00"),
        ("é", "utf-16-be", "keep", b"\xfe\xff\x00\xe9"),
        ("é", "utf-8-sig", "keep", b"\xef\xbb\xbf\xc3\xa9"),
        ("\ufeffa", "utf-16", "keep", b"\xff\xfea\x00"),
        ("a\r\nb\nc", "utf-8", "keep", b"a\r\nb\nc"),
        ("a\r\nb\nc", "utf-8", "lf", b"a\nb\nc"),
        ("a\r\nb\nc", "utf-8", "crlf", b"a\r\nb\r\nc"),
    ],
)
def test_encodings_and_line_ends(text: str, encoding: str, line_end: Any, data: bytes) -> None:
    assert text_to_bytes(text, encoding, line_end) == data


@pytest.mark.parametrize(("text", "encoding"), [("\u20ac", "latin-1"), ("\ud800", "utf-8"), ("\udc80", "utf-16")])
def test_a_character_that_cannot_be_written_is_refused(text: str, encoding: str) -> None:
    with pytest.raises(ToolError) as error:
        text_to_bytes(text, encoding, "keep")
    assert code(error) == "encoding"


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(ToolError) as error:
        text_to_bytes("a", "utf-99", "keep")
    assert code(error) == "invalid_argument"


@pytest.mark.parametrize(
    ("old", "addition", "new"),
    [
        (b"", "a", b"a"),
        (b"a\n", "b", b"a\nb"),
        (b"a", "b\n", b"a\nb\n"),
        (b"a\r\nb", "c\nd", b"a\r\nb\r\nc\r\nd"),
        (b"\xff\xfea\x00", "b", b"\xff\xfea\x00\n\x00b\x00"),
        (b"\xe9\n", "\xe8", b"\xe9\n\xe8"),
        (b"\xef\xbb\xbf", "a", b"\xef\xbb\xbfa"),
    ],
)
def test_appending_follows_the_file(bench: Bench, old: bytes, addition: str, new: bytes) -> None:
    (bench.path / "a").write_bytes(old)
    done = append_content(bench.job, bench.at("a"), Addition(text=addition))
    assert (bench.path / "a").read_bytes() == new
    assert (done.size, done.bytes, done.etag) == (len(new), len(new) - len(old), etag_of(new))


def test_appending_without_a_new_line_goes_on_where_the_file_ends(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"a")
    append_content(bench.job, bench.at("a"), Addition(text="b", new_line=False))
    assert (bench.path / "a").read_bytes() == b"ab"


def test_appending_keeps_the_file_itself(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"a\n")
    before = (bench.path / "a").stat().st_ino
    append_content(bench.job, bench.at("a"), Addition(text="b"))
    assert (bench.path / "a").stat().st_ino == before


def test_appending_to_nothing_creates_or_refuses(bench: Bench) -> None:
    with pytest.raises(ToolError) as error:
        append_content(bench.job, bench.at("a"), Addition(text="x", create=False))
    assert code(error) == "not_found"
    done = append_content(bench.job, bench.at("a"), Addition(text="x"))
    assert (done.size, done.bytes) == (1, 1)


def test_appending_to_a_binary_file_is_refused(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"\x00\x01\x02binary")
    with pytest.raises(ToolError) as error:
        append_content(bench.job, bench.at("a"), Addition(text="x"))
    assert code(error) == "is_binary"


def test_appending_with_a_stale_etag_is_a_conflict(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"a")
    with pytest.raises(ToolError) as error:
        append_content(bench.job, bench.at("a"), Addition(text="x", if_match="0" * 16))
    assert code(error) == "conflict"


def test_directories_are_made_with_what_is_missing_above(bench: Bench) -> None:
    done = make_directory(bench.job, bench.at("a/b/c"))
    assert done.created == ["a", "a/b", "a/b/c"]
    assert stat.S_ISDIR((bench.path / "a/b/c").stat().st_mode)
    assert make_directory(bench.job, bench.at("a/b/c")).created == []
    assert make_directory(bench.job, bench.at("a/b/d")).created == ["a/b/d"]


def test_a_file_in_the_way_of_a_directory_is_refused(bench: Bench) -> None:
    (bench.path / "a").write_bytes(b"")
    for path in ("a", "a/b"):
        with pytest.raises(ToolError) as error:
            make_directory(bench.job, bench.at(path))
        assert code(error) == "not_a_directory"


def test_rules_hold_for_every_way_of_writing(strict_bench: Bench) -> None:
    bench = strict_bench
    (bench.path / "secret").mkdir()
    for path in ("secret/x", "fixed.txt", ".git/config", ".git/hooks/x", ".GIT/hooks/x", ".git"):
        for act in (
            lambda path=path: write_content(bench.job, bench.at(path), Content(data=b"", create_parents=True)),
            lambda path=path: write_content(bench.job, bench.at(path), Content(data=b"")),
            lambda path=path: append_content(bench.job, bench.at(path), Addition(text="x")),
        ):
            with pytest.raises(ToolError) as error:
                act()
            assert code(error) == "denied_policy", path
    with pytest.raises(ToolError) as error:
        make_directory(bench.job, bench.at("secret/d"))
    assert code(error) == "denied_policy"
    assert bench.names() == ["secret"]

"""FS3, FS14 to FS24 through the protocol, in both eras: what writing keeps, and where it never writes."""

import os
import secrets
import stat
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.testing import Connection, connect
from mcp_ref_filesystem import Settings, server
from mcp_ref_filesystem.change.atomic import TEMPORARY_PREFIX
from mcp_ref_filesystem.change.etag import etag_of
from mcp_ref_kit.paths import Spot

both_eras = pytest.mark.parametrize("revision", ["2024-11-05", "2025-06-18", "2026-07-28"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "R"
    (tmp_path / "R-evil").mkdir()
    root.mkdir()
    return root


def settings(root: Path, **more: Any) -> Settings:
    return Settings(dirs=[str(root)], history_dir=root.parent / "J", **more)


async def edit(client: Connection, *edits: dict[str, Any], path: str = "a", **more: Any) -> Any:
    return await client.call("edit_file", path=path, edits=list(edits), **more)


@both_eras
async def test_fs14_other_bytes_stay_equal_in_every_encoding(root: Path, revision: str) -> None:
    cases = [
        (b"caf\xe9 one\r\n\xff", b"caf\xe9 two\r\n\xff"),
        ("\ufeffone é\n".encode("utf-16-le"), "\ufefftwo é\n".encode("utf-16-le")),
    ]
    async with connect(server, settings(root), revision=revision) as client:
        for data, wanted in cases:
            (root / "a").write_bytes(data)
            assert not (await edit(client, {"oldText": "one", "newText": "two"})).is_error
            assert (root / "a").read_bytes() == wanted


@both_eras
async def test_fs15_only_the_edited_line_of_a_crlf_file_differs(root: Path, revision: str) -> None:
    (root / "a").write_bytes(b"one\r\ntwo\r\nthree\r\n")
    async with connect(server, settings(root), revision=revision) as client:
        await edit(client, {"oldText": "one\ntwo\n", "newText": "one\n2\n"})
    assert (root / "a").read_bytes() == b"one\r\n2\r\nthree\r\n"


@both_eras
async def test_fs16_ambiguous_empty_and_half_hit_edits_change_nothing(root: Path, revision: str) -> None:
    (root / "a").write_bytes(b"x\ny\nx\n")
    before = (root / "a").stat()
    async with connect(server, settings(root), revision=revision) as client:
        twice = await edit(client, {"oldText": "x", "newText": "z"})
        assert "lines 1, 3" in twice.text
        assert (await edit(client, {"oldText": "", "newText": "z"})).is_error
        assert (await edit(client, {"oldText": "y", "newText": "z"}, {"oldText": "miss", "newText": "z"})).is_error
        assert (root / "a").stat() == before
        assert not (await edit(client, {"oldText": "x", "newText": "z", "replaceAll": True})).is_error
    assert (root / "a").read_bytes() == b"z\ny\nz\n"


@both_eras
async def test_fs17_a_miss_by_indentation_shows_block_line_and_difference(root: Path, revision: str) -> None:
    (root / "a").write_bytes(b"top\n\tif x:\n\t\ty()\n")
    async with connect(server, settings(root), revision=revision) as client:
        miss = await edit(client, {"oldText": "if x:\n    y()", "newText": "z"}, matchMode="exact")
    assert miss.text.startswith("no_match: ")
    for part in ("line 2", "indentation", "-    y()", "+\t\ty()"):
        assert part in miss.text


@both_eras
async def test_fs18_a_dry_run_shows_what_applying_shows(root: Path, revision: str) -> None:
    (root / "a").write_bytes(b"one\n```\n")
    before = (root / "a").stat()
    async with connect(server, settings(root), revision=revision) as client:
        dry = await edit(client, {"oldText": "one", "newText": "two"}, dryRun=True)
        assert (root / "a").stat() == before
        wet = await edit(client, {"oldText": "one", "newText": "two"})
    assert dry.text == wet.text
    assert wet.text.startswith("````diff\nIndex: a\n")


@both_eras
async def test_fs19_mode_and_attributes_are_kept(root: Path, revision: str) -> None:
    (root / "a").write_bytes(b"one")
    (root / "a").chmod(0o755)
    try:
        os.setxattr(root / "a", "user.note", b"kept")
    except OSError:
        pytest.skip("the file system has no extended attributes")
    async with connect(server, settings(root), revision=revision) as client:
        await client.call("write_file", path="a", content="two")
        await edit(client, {"oldText": "two", "newText": "three"})
    assert stat.S_IMODE((root / "a").stat().st_mode) == 0o755
    assert os.getxattr(root / "a", "user.note") == b"kept"


@both_eras
async def test_fs21_a_stale_etag_is_a_conflict(root: Path, revision: str) -> None:
    (root / "a").write_bytes(b"one")
    stale = etag_of(b"older")
    calls: list[tuple[str, dict[str, Any]]] = [
        ("write_file", {"content": "two"}),
        ("append_file", {"content": "two"}),
        ("edit_file", {"edits": [{"oldText": "one", "newText": "two"}]}),
        ("delete_file", {}),
    ]
    async with connect(server, settings(root), revision=revision) as client:
        for tool, given in calls:
            result = await client.call(tool, path="a", ifMatch=stale, **given)
            assert result.text.startswith("conflict: "), tool
    assert (root / "a").read_bytes() == b"one"


@both_eras
async def test_fs22_moving_replaces_nothing_and_moves_links_as_links(root: Path, revision: str) -> None:
    (root / "a").write_bytes(b"a")
    (root / "b").write_bytes(b"b")
    (root / "link").symlink_to("nowhere")
    async with connect(server, settings(root), revision=revision) as client:
        assert (await client.call("move_file", source="a", destination="b")).text.startswith("already_exists: ")
        moved = await client.call("move_file", source="link", destination="other")
        assert moved.text == "Successfully moved link to other"
    assert (root / "other").readlink() == Path("nowhere")
    assert (root / "b").read_bytes() == b"b"


@both_eras
async def test_fs23_into_itself_and_the_allowed_directory(root: Path, revision: str) -> None:
    (root / "d").mkdir()
    async with connect(server, settings(root), revision=revision) as client:
        copy = await client.call("copy_file", source="d", destination="d/e")
        assert copy.text.startswith("invalid_argument: ")
        for path in (".", str(root), f"{root}/d/.."):
            gone = await client.call("delete_file", path=path, recursive=True)
            assert gone.text.startswith("denied_policy: "), path


@both_eras
async def test_fs24_delete_then_undo(root: Path, revision: str) -> None:
    (root / "a").write_bytes(b"\x00one")
    (root / "a").chmod(0o640)
    os.utime(root / "a", ns=(1, 1_234_567_890_123_456_789))
    before = (root / "a").stat()
    async with connect(server, settings(root), revision=revision) as client:
        assert not (await client.call("delete_file", path="a")).is_error
        assert not (root / "a").exists()
        assert not (await client.call("undo_change")).is_error
    after = (root / "a").stat()
    assert (root / "a").read_bytes() == b"\x00one"
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)


@both_eras
async def test_fs38_a_wrong_name_of_an_argument_is_explained(root: Path, revision: str) -> None:
    (root / "a").write_bytes(b"one")
    async with connect(server, settings(root), revision=revision) as client:
        result = await edit(client, {"old_text": "one", "newText": "two"})
    assert "did you mean `oldText`?" in result.text


@both_eras
async def test_ghsa_q66q_fx2p_7w4m_nothing_is_written_through_a_link_out(root: Path, revision: str) -> None:
    """FS3, CVE-2025-53109: link to a file, link to a directory, dangling link; as the target of every write."""
    outside = root.parent / "R-evil"
    (outside / "x").write_bytes(b"theirs")
    (root / "file").symlink_to(outside / "x")
    (root / "dir").symlink_to(outside)
    (root / "new").symlink_to(outside / "new")
    (root / "a").write_bytes(b"ours")
    async with connect(server, settings(root, mode="admin"), revision=revision) as client:
        for path in ("file", "dir/x", "dir/new", "new", "dir/sub/new"):
            calls: list[tuple[str, dict[str, Any]]] = [
                ("write_file", {"path": path, "content": "evil", "createParents": True}),
                ("append_file", {"path": path, "content": "evil"}),
                ("edit_file", {"path": path, "edits": [{"oldText": "theirs", "newText": "evil"}]}),
                ("edit_lines", {"path": path, "edits": [{"start": 1, "end": 1, "newText": "evil"}]}),
                ("create_directory", {"path": f"{path}/evil"}),
                ("set_file_mode", {"path": path, "mode": "777"}),
                ("copy_file", {"source": "a", "destination": path}),
                ("move_file", {"source": "a", "destination": path}),
                ("create_archive", {"paths": ["a"], "destination": f"{path}/evil.zip"}),
            ]
            for tool, given in calls:
                result = await client.call(tool, **given)
                assert result.is_error, (tool, path)
                assert "theirs" not in result.text
    assert [(one.name, one.read_bytes()) for one in outside.iterdir()] == [("x", b"theirs")]
    assert stat.S_IMODE((outside / "x").stat().st_mode) != 0o777
    assert (root / "a").read_bytes() == b"ours"


def known(_size: int) -> str:
    return "known"


def nothing(*_: object) -> None:
    return None


async def test_a_predictable_temporary_name_would_not_help(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mark3labs/mcp-filesystem-server #63, cyanheads/filesystem-mcp-server #15: the draft is made with O_EXCL."""
    outside = root.parent / "R-evil" / "victim"
    outside.write_bytes(b"theirs")
    (root / "a").write_bytes(b"old")
    monkeypatch.setattr(secrets, "token_hex", known)
    monkeypatch.setattr(Spot, "anonymous", nothing)
    (root / f"{TEMPORARY_PREFIX}known").symlink_to(outside)
    async with connect(server, settings(root)) as client:
        assert (await client.call("write_file", path="a", content="evil")).is_error
        assert (await client.call("copy_file", source="a", destination="b")).is_error
    assert outside.read_bytes() == b"theirs"
    assert (root / "a").read_bytes() == b"old"

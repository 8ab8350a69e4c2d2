"""FS9, FS33 and FS34 through the protocol: read-only directories, denied paths and every tool that changes things."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.testing import Connection, connect
from mcp_ref_filesystem import Settings, server

both_eras = pytest.mark.parametrize("revision", ["2025-06-18", "2026-07-28"])


def snapshot(directory: Path) -> dict[str, tuple[bytes, int]]:
    """Every file with its bytes and mode, every directory with its mode."""
    return {
        str(path.relative_to(directory)): (path.read_bytes() if path.is_file() else b"", path.lstat().st_mode)
        for path in sorted(directory.rglob("*"))
    }


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """R with a repository and a directory `frozen` that will be read-only; `W` is writable."""
    for name in ("R/frozen/d", "R/repository/.git/hooks", "W/tree/sub"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("R/frozen/f", "R/frozen/d/g", "R/repository/.git/config", "W/a", "W/tree/sub/x"):
        (tmp_path / name).write_text("as it was\n")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("f", "from an archive")
        made.writestr(".git/hooks/post-checkout", "from an archive")
    (tmp_path / "W/a.zip").write_bytes(archive.getvalue())
    (tmp_path / "W/link").symlink_to(tmp_path / "R/frozen")
    (tmp_path / "R/way").symlink_to("frozen")
    return tmp_path


def settings(home: Path, *dirs: str, **more: Any) -> Settings:
    given: dict[str, Any] = {"dirs": [f"{home}/{name}" for name in dirs], "history_dir": home / "history"}
    return Settings(**given | more)


def changes(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every way to make, alter or remove the file `path`."""
    yield "write_file", {"path": path, "content": "changed", "createParents": True}
    yield "append_file", {"path": path, "content": "changed"}
    yield "edit_file", {"path": path, "edits": [{"oldText": "as it was", "newText": "changed"}]}
    yield "edit_lines", {"path": path, "edits": [{"start": 1, "end": 1, "newText": "changed"}]}
    yield "copy_file", {"source": "a", "destination": path, "overwrite": True}
    yield "move_file", {"source": "a", "destination": path, "overwrite": True, "createParents": True}
    yield "move_file", {"source": path, "destination": "away"}
    yield "delete_file", {"path": path}
    yield "delete_file", {"path": path, "permanent": True}
    yield "set_file_mode", {"path": path, "mode": "777"}
    yield "set_file_times", {"path": path, "mtime": "2020-01-01"}
    yield "create_archive", {"paths": ["a"], "destination": f"{path}.zip"}


async def attempts(client: Connection, calls: Iterator[tuple[str, dict[str, Any]]]) -> set[str | None]:
    """How they end, those of tools that are there."""
    offered = {tool["name"] for tool in await client.list("tools")}
    return {(await client.call(tool, **given)).error_code for tool, given in calls if tool in offered}


@both_eras
@pytest.mark.parametrize("way", ["R/frozen", "R/way", "R/repository/../frozen"])
async def test_nothing_in_a_read_only_directory_changes(home: Path, revision: str, way: str) -> None:
    """FS33, FS35: also where it is inside a writable one, and by a link in that."""
    before = snapshot(home / "R")
    given = settings(home, "R", "R/frozen:ro", "W", mode="admin")
    async with connect(server, given, revision=revision) as client:
        for name in ("f", "new", "d/g"):
            assert await attempts(client, changes(f"{home}/{way}/{name}")) <= {"denied_read_only", "not_found"}
        whole: list[tuple[str, dict[str, Any]]] = [
            ("create_directory", {"path": f"{home}/{way}/made"}),
            ("delete_file", {"path": f"{home}/{way}/d", "recursive": True}),
            ("move_file", {"source": f"{home}/{way}/d", "destination": "away"}),
            ("move_file", {"source": "tree", "destination": f"{home}/{way}/tree"}),
            ("copy_file", {"source": "tree", "destination": f"{home}/{way}/tree"}),
            ("extract_archive", {"path": "a.zip", "destination": f"{home}/{way}/out"}),
            ("replace_in_files", {"path": f"{home}/{way}", "pattern": "was", "replacement": "is", "dryRun": False}),
        ]
        assert await attempts(client, iter(whole)) <= {"denied_read_only", "invalid_argument", "denied_policy"}
    assert snapshot(home / "R") == before


@both_eras
async def test_a_directory_that_holds_a_read_only_one_stays_where_it_is(home: Path, revision: str) -> None:
    before = snapshot(home / "R")
    async with connect(server, settings(home, "R", "R/frozen/d:ro", "W"), revision=revision) as client:
        calls: list[tuple[str, dict[str, Any]]] = [
            ("move_file", {"source": f"{home}/R/frozen", "destination": f"{home}/R/moved"}),
            ("delete_file", {"path": f"{home}/R/frozen", "recursive": True}),
        ]
        assert await attempts(client, iter(calls)) <= {"denied_read_only", "denied_policy"}
    assert snapshot(home / "R") == before


@both_eras
async def test_undo_does_not_reach_into_what_is_read_only_by_now(home: Path, revision: str) -> None:
    """FS33."""
    async with connect(server, settings(home, "W"), revision=revision) as client:
        assert (await client.call("write_file", path="a", content="changed")).error_code is None
    async with connect(server, settings(home, "W:ro"), revision=revision) as client:
        assert (await client.call("undo_change")).error_code == "denied_read_only"
    assert (home / "W/a").read_text() == "changed"


PROTECTED = ["config", "hooks/pre-commit", "hooks/new", "CONFIG", "hooks./x", "modules/m/config", "commondir"]


@both_eras
async def test_what_git_runs_is_read_and_never_written(home: Path, revision: str) -> None:
    """FS34."""
    before = snapshot(home / "R")
    async with connect(server, settings(home, "R", "W", mode="admin"), revision=revision) as client:
        for name in PROTECTED:
            path = f"{home}/R/repository/.git/{name}"
            ends = await attempts(client, (call for call in changes(path) if call[0] != "create_archive"))
            assert ends <= {"denied_policy", "not_found"}, (name, ends)
        calls: list[tuple[str, dict[str, Any]]] = [
            ("move_file", {"source": f"{home}/W/tree/sub", "destination": f"{home}/R/repository/.git/hooks"}),
            ("write_file", {"path": f"{home}/R/other/.git", "content": "gitdir: /x", "createParents": True}),
            ("move_file", {"source": f"{home}/W/link", "destination": f"{home}/R/.git"}),
            ("copy_file", {"source": f"{home}/R/repository", "destination": f"{home}/R/copy"}),
            ("move_file", {"source": f"{home}/R/repository", "destination": f"{home}/R/moved"}),
            ("delete_file", {"path": f"{home}/R/repository", "recursive": True}),
            ("extract_archive", {"path": f"{home}/W/a.zip", "destination": f"{home}/R/out"}),
        ]
        assert await attempts(client, iter(calls)) <= {"denied_policy", "already_exists"}
        read = await client.call("read_text_file", path=f"{home}/R/repository/.git/config")
        assert "as it was" in read.text
    assert snapshot(home / "R") == before


@both_eras
async def test_a_directory_cannot_become_a_repository_by_its_name(home: Path, revision: str) -> None:
    """FS34: a tree with `config` in it, moved or copied to the name `.git`."""
    (home / "W/tree/hooks").mkdir()
    (home / "W/tree/hooks/post-checkout").write_text("as it was\n")
    async with connect(server, settings(home, "W"), revision=revision) as client:
        for tool in ("move_file", "copy_file"):
            result = await client.call(tool, source="tree", destination=".git")
            assert result.error_code == "denied_policy"
    assert not (home / "W/.git").exists()


@both_eras
async def test_a_denied_path_stays_unread_wherever_it_is_moved_from(home: Path, revision: str) -> None:
    (home / "W/tree/secret.pem").write_text("the key\n")
    given = settings(home, "W", deny=["*.pem"], mode="admin")
    async with connect(server, given, revision=revision) as client:
        calls: list[tuple[str, dict[str, Any]]] = [
            ("read_text_file", {"path": "tree/secret.pem"}),
            ("copy_file", {"source": "tree/secret.pem", "destination": "plain"}),
            ("move_file", {"source": "tree/secret.pem", "destination": "plain"}),
            ("move_file", {"source": "tree", "destination": "moved"}),
            ("copy_file", {"source": "tree", "destination": "copied"}),
            ("compare_files", {"left": "a", "right": "tree/secret.pem"}),
        ]
        assert await attempts(client, iter(calls)) == {"denied_policy"}
        for tool, arguments in (
            ("search_content", {"path": ".", "pattern": "key"}),
            ("read_multiple_files", {"paths": ["tree/secret.pem"]}),
            ("directory_tree", {"path": "."}),
            ("get_file_info", {"path": "tree/secret.pem"}),
        ):
            assert "the key" not in json.dumps((await client.call(tool, **arguments)).raw)


async def test_a_server_that_only_reads_has_no_tool_that_writes(home: Path) -> None:
    """FS9, at the level of the rules: the command line leaves the tools out altogether."""
    before = snapshot(home / "W")
    async with connect(server, settings(home, "W", mode="read-only")) as client:
        ends = await attempts(client, changes("a"))
    assert ends == {"denied_read_only", "denied_policy"}  # the second: deleting for good needs admin mode
    assert snapshot(home / "W") == before

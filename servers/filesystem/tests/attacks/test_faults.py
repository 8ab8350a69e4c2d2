"""FS20, FS21: killed, cancelled, out of space, all at once. A file is the old one or the new one, never a mixture."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mcp_protocol.errors import ToolError
from mcp_protocol.testing import RawPeer, connect
from mcp_ref_filesystem import Settings, server
from mcp_ref_filesystem.change.atomic import TEMPORARY_PREFIX
from mcp_ref_filesystem.change.moving import move
from mcp_ref_filesystem.history.journal import Journal
from mcp_ref_filesystem.tools.transfer import CopyWish, copy
from mcp_ref_filesystem.tools.write import Addition, Content, append_content, write_content

Bench = Any

FILES = 10
WRITES = 1000
KILLS = 5
# Long enough that a write takes several system calls, and different in every byte.
CONTENTS = [letter * 70_000 for letter in "abcdefgh"]
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


def request(number: int, tool: str, **arguments: Any) -> bytes:
    params = {"_meta": META, "name": tool, "arguments": arguments}
    message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
    return json.dumps(message).encode() + b"\n"


def started(root: Path, history: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mcp_ref_filesystem", str(root), "--history-dir", str(history), "--fsync", "off"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_a_server_killed_amid_a_thousand_writes_leaves_every_file_whole(tmp_path: Path) -> None:
    """FS20."""
    root, history = tmp_path / "R", tmp_path / "J"
    root.mkdir()
    for number in range(FILES):
        (root / f"f{number}").write_text(CONTENTS[0])
    rng = random.Random(20)  # noqa: S311  any numbers will do
    for _ in range(KILLS):
        with started(root, history) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(request(0, "list_directory", path="."))
            process.stdin.flush()
            process.stdout.readline()
            for number in range(WRITES // KILLS):
                path, content = f"f{rng.randrange(FILES)}", rng.choice(CONTENTS)
                process.stdin.write(request(number + 1, "write_file", path=path, content=content))
            process.stdin.flush()
            # Somewhere in the midst of them: after so many answers.
            for _ in range(rng.randrange(WRITES // KILLS // 2)):
                process.stdout.readline()
            process.kill()
            assert process.wait(5) == -signal.SIGKILL
        for number in range(FILES):
            assert (root / f"f{number}").read_text() in CONTENTS
    with started(root, history) as process:
        calls = request(1, "list_directory", path=".") + request(2, "list_changes", limit=1000)
        answers = [json.loads(line) for line in process.communicate(calls, timeout=20)[0].splitlines()]
    listed, changes = (one["result"] for one in sorted(answers, key=lambda one: one["id"]))
    assert TEMPORARY_PREFIX not in json.dumps(listed)
    assert len(listed["structuredContent"]["entries"]) == FILES
    assert len(changes["structuredContent"]["changes"]) > KILLS


@pytest.fixture
def small_disk(bench: Bench, tmp_path: Path) -> Generator[Bench]:
    """The allowed directory on a file system of 1 MiB."""
    mount = Path("/bin/mount")
    if os.geteuid() != 0 or not mount.exists():
        pytest.skip("only root can mount a small file system")
    command = [str(mount), "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(bench.path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    bench.close()
    try:
        from mcp_ref_kit.paths import open_root  # noqa: PLC0415  beside what it replaces

        bench.root = open_root(bench.path)
        bench.journal = Journal(tmp_path / "journal", most_bytes=10_000_000, days=1)
        bench.job = replace(bench.job, journal=bench.journal, fsync="full")
        yield bench
    finally:
        bench.close()
        subprocess.run(["/bin/umount", "-l", str(bench.path)], check=True)


def test_a_full_disk_keeps_the_old_content_and_leaves_nothing(small_disk: Bench) -> None:
    """FS21."""
    bench = small_disk
    (bench.path / "a").write_bytes(b"old\n")
    (bench.path / "filler").write_bytes(b"f" * 600_000)
    attempts = {
        "write": lambda: write_content(bench.job, bench.at("a"), Content(data=b"n" * 700_000)),
        "create": lambda: write_content(
            bench.job, bench.at("d/e/new"), Content(data=b"n" * 700_000, create_parents=True)
        ),
        "append": lambda: append_content(bench.job, bench.at("a"), Addition(text="n" * 700_000)),
        "copy": lambda: copy(bench.job, bench.at("filler"), bench.at("again"), CopyWish()),
    }
    for name, act in attempts.items():
        with pytest.raises(ToolError) as error:
            act()
        assert error.value.code == "io", name
        assert "space" in error.value.message, name
        assert bench.names() == ["a", "filler"], name
        assert (bench.path / "a").read_bytes() == b"old\n", name
    assert list(bench.journal.entries()) == []
    move(bench.job, bench.at("a"), bench.at("b"), overwrite=False, create_parents=False)
    assert bench.names() == ["b", "filler"]


def test_a_full_journal_refuses_the_change(bench: Bench, tmp_path: Path) -> None:
    """FS21 for the undo journal: no change that could not be taken back."""
    mount = Path("/bin/mount")
    (tmp_path / "journal").mkdir()
    command = [str(mount), "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path / "journal")]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small file system")
    try:
        (bench.path / "a").write_bytes(b"o" * 200_000)
        with pytest.raises(ToolError) as error:
            write_content(bench.job, bench.at("a"), Content(data=b"new"))
        assert error.value.code == "io"
        assert "journal" in error.value.message
        assert (bench.path / "a").read_bytes() == b"o" * 200_000
        assert bench.names() == ["a"]
    finally:
        bench.close()
        subprocess.run(["/bin/umount", "-l", str(tmp_path / "journal")], check=True)


async def together(peer: RawPeer, calls: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The results of calls that were all sent before the first was answered."""
    ids = [await peer.begin("tools/call", {"name": tool, "arguments": given}) for tool, given in calls]
    return [(await peer.reply(one))["result"] for one in ids]


def error_code(result: dict[str, Any]) -> str | None:
    return result.get("_meta", {}).get("mcp-ref/error", {}).get("code")


@pytest.mark.parametrize("revision", ["2025-06-18", "2026-07-28"])
async def test_many_edits_of_one_file_at_once_are_all_there(tmp_path: Path, revision: str) -> None:
    """Each call sees what the call before it left: none is lost."""
    root = tmp_path / "R"
    root.mkdir()
    (root / "a").write_text("".join(f"line {number};\n" for number in range(40)))
    settings = Settings(dirs=[str(root)], history_dir=tmp_path / "J", fsync="off")
    calls: list[tuple[str, dict[str, Any]]] = []
    for number in range(40):
        edits = [{"oldText": f"line {number};", "newText": f"done {number}!"}]
        calls += [
            ("edit_file", {"path": "a", "edits": edits}),
            ("append_file", {"path": "log", "content": f"{number}\n"}),
        ]
    async with connect(server, settings, revision=revision) as client:
        results = await together(client.peer, calls)
    assert [error_code(result) for result in results] == [None] * 80
    assert (root / "a").read_text() == "".join(f"done {number}!\n" for number in range(40))
    assert sorted((root / "log").read_text().split(), key=int) == [str(number) for number in range(40)]


async def test_conflicting_writers_with_the_same_etag_have_one_winner(tmp_path: Path) -> None:
    """FS21: of many writes that expect the same content one succeeds."""
    root = tmp_path / "R"
    root.mkdir()
    (root / "a").write_text("old")
    settings = Settings(dirs=[str(root)], history_dir=tmp_path / "J", fsync="off")
    async with connect(server, settings) as client:
        etag = (await client.call("read_text_file", path="a")).data["etag"]
        calls = [("write_file", {"path": "a", "content": f"new {number}", "ifMatch": etag}) for number in range(20)]
        codes = [error_code(result) for result in await together(client.peer, calls)]
    assert (codes.count(None), codes.count("conflict")) == (1, 19)
    assert (root / "a").read_text().startswith("new ")


@pytest.mark.slow
@pytest.mark.parametrize("revision", ["2025-06-18", "2026-07-28"])
async def test_cancelled_copies_are_there_whole_or_not_at_all(tmp_path: Path, revision: str) -> None:
    """L7: cancelled at once, or after some progress."""
    root = tmp_path / "R"
    (root / "tree").mkdir(parents=True)
    for number in range(1500):
        (root / "tree" / str(number)).write_bytes(b"x" * 20_000)
    settings = Settings(dirs=[str(root)], history_dir=tmp_path / "J", fsync="off")
    async with connect(server, settings, revision=revision) as client:
        for attempt in range(6):
            given = {"source": "tree", "destination": f"copy{attempt}"}
            one = await client.peer.begin(
                "tools/call", {"name": "copy_file", "arguments": given}, progressToken=attempt
            )
            if attempt % 2:
                await client.peer.notification("notifications/progress")
            cancel = {"method": "notifications/cancelled", "params": {"requestId": one}}
            await client.peer.send({"jsonrpc": "2.0"} | cancel)
            # It waits for the lock that the cancelled call holds until its thread has tidied up.
            result = await client.call("create_directory", path=f"copy{attempt}")
            assert result.error_code is None
            assert len(list((root / f"copy{attempt}").iterdir())) in {0, 1500}
        assert [change["tool"] for change in (await client.call("list_changes")).data["changes"]].count("copy_file") < 6
    assert [path.name for path in root.iterdir() if path.name.startswith(TEMPORARY_PREFIX)] == []

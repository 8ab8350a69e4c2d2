"""Servers as child processes: streams, environment, exit, and that nothing of them is left."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from mcp_protocol.client import Client, Command
from mcp_protocol.client.process import running
from mcp_protocol.errors import ConnectionLost, DeadlineExceeded, MessageTooLarge
from mcp_protocol.limits import KIB, Limits
from tests.scripted import PATIENCE

ECHO = "import sys\nfor line in sys.stdin.buffer: sys.stdout.buffer.write(line); sys.stdout.flush()"
POSIX = pytest.mark.skipif(os.name != "posix", reason="process groups are of POSIX")


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def ended(pidfd: int) -> None:
    """Until a process that is nobody's child of ours has ended."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(pidfd, over.set)
    async with asyncio.timeout(PATIENCE):
        await over.wait()
    asyncio.get_running_loop().remove_reader(pidfd)
    os.close(pidfd)


async def test_lines_go_out_and_come_back() -> None:
    async with asyncio.timeout(PATIENCE), running(Command(python(ECHO))) as process:
        for message in (b'{"a":1}', b"x" * 3_000_000, "\u2028".encode()):
            await process.send(message)
            assert await process.receive() == message


@pytest.mark.parametrize("unread", [0, 4_000_000])
async def test_many_messages_unread_stop_the_server_and_none_is_lost(
    unread: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_protocol.client.process._UNREAD", unread)
    code = "import sys\nfor n in range(3000): print(str(n).ljust(10000))"
    async with asyncio.timeout(PATIENCE), running(Command(python(code))) as process:
        lines = [await process.receive() for _ in range(3000)]
        assert [int(line) for line in lines if line] == list(range(3000))
        assert await process.receive() is None


async def test_a_message_over_the_limit_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_protocol.client.process.RECEIVED", Limits(message=1000))
    code = "print('x' * 2000, flush=True); input()"
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(MessageTooLarge):
            async with Client(python(code)):
                pass


async def test_a_server_that_does_not_read_makes_the_sender_wait() -> None:
    code = "import sys\nprint('up', flush=True)\nprint(len(sys.stdin.readline()), flush=True)"
    async with asyncio.timeout(PATIENCE), running(Command(python(code))) as process:
        await process.send(b"x" * 5_000_000)
        assert [await process.receive(), await process.receive()] == [b"up", b"5000001"]


async def test_a_server_ends_with_its_input() -> None:
    async with asyncio.timeout(PATIENCE):
        begin = time.monotonic()
        async with running(Command(python(ECHO))) as process:
            pass
        assert process.exited.is_set()
        assert time.monotonic() - begin < 3  # then it would have been killed


@POSIX
async def test_a_server_that_ignores_its_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_protocol.client.process._GRACE_SECONDS", 0.3)
    code = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('up', flush=True)\nwhile True: time.sleep(1)"
    )
    async with asyncio.timeout(PATIENCE), running(Command(python(code))) as process:
        assert await process.receive() == b"up"
    assert process.exited.is_set()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells of the end of somebody else's child")
async def test_what_the_server_has_started_is_killed_with_it() -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True); sys.stdin.read()"
    )
    async with asyncio.timeout(PATIENCE), running(Command(python(code))) as process:
        pidfd = os.pidfd_open(int(await process.receive() or b"0"))
    await ended(pidfd)


async def test_only_harmless_variables_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    code = "import json, os; print(json.dumps(sorted(os.environ)), flush=True)"
    async with asyncio.timeout(PATIENCE), running(Command(python(code), env={"OWN": "1"})) as process:
        names = await process.receive()
    assert names
    assert b'"OWN"' in names
    assert b'"PATH"' in names
    assert b"SECRET" not in names


async def test_the_directory_is_the_one_that_was_named(tmp_path: Path) -> None:
    code = "import os; print(os.getcwd(), flush=True)"
    async with asyncio.timeout(PATIENCE), running(Command(python(code), cwd=tmp_path)) as process:
        assert await process.receive() == str(tmp_path).encode()


async def test_the_end_of_stderr_is_kept() -> None:
    code = "import sys\nsys.stderr.write('a' * 200_000 + 'the end'); sys.stderr.close(); sys.stdin.read()"
    client = Client(Command(python(code), stderr="keep"), revision="2025-11-25", deadline=0.3)
    with pytest.raises(DeadlineExceeded):
        async with asyncio.timeout(PATIENCE), client:
            pass
    assert client.stderr.endswith("the end")
    assert len(client.stderr) == 64 * KIB


async def test_a_program_that_does_not_exist_is_a_lost_connection() -> None:
    with pytest.raises(ConnectionLost, match="Could not start no-such-program"):
        async with Client(["no-such-program"]):
            pass


async def test_a_server_that_exits_loses_what_waits() -> None:
    code = "import sys; sys.stdin.readline(); sys.exit(3)"
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ConnectionLost):
            async with Client(python(code)):
                pass


async def test_nothing_can_be_sent_to_a_server_that_has_ended() -> None:
    async with asyncio.timeout(PATIENCE), running(Command(python("pass"))) as process:
        assert await process.receive() is None
        with pytest.raises(ConnectionLost):
            await process.send(b"{}")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")
async def test_no_descriptor_is_left() -> None:
    async def once() -> None:
        async with running(Command(python(ECHO), stderr="keep")) as process:
            await process.send(b"{}")
            await process.receive()

    await once()
    before = open_descriptors()
    for _ in range(3):
        await once()
    assert open_descriptors() <= before

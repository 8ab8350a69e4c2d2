"""Bytes through descriptors: pipes, files and sockets; full, closed and slow ones."""

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_protocol.errors import ConnectionLost
from mcp_protocol.transports._pipes import Reader, Writer


class Sink:
    """Collects what a reader reports."""

    def __init__(self) -> None:
        self.data = b""
        self.ended = asyncio.Event()

    def take(self, data: bytes) -> None:
        self.data += data

    async def all(self) -> bytes:
        async with asyncio.timeout(5):
            await self.ended.wait()
        return self.data


async def test_a_pipe_is_read_to_its_end() -> None:
    sink, (read, write) = Sink(), os.pipe()
    Reader(read, on_data=sink.take, on_end=sink.ended.set).start()
    os.write(write, b"one\ntwo\n")
    os.close(write)
    assert await sink.all() == b"one\ntwo\n"
    os.close(read)


async def test_a_file_is_read_by_a_thread(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"x" * 200_000)
    sink, fd = Sink(), os.open(tmp_path / "in", os.O_RDONLY)
    Reader(fd, on_data=sink.take, on_end=sink.ended.set).start()
    assert len(await sink.all()) == 200_000
    os.close(fd)


async def test_a_paused_reader_reads_on_when_resumed() -> None:
    sink, (read, write) = Sink(), os.pipe()
    reader = Reader(read, on_data=sink.take, on_end=sink.ended.set)
    reader.start()
    reader.pause()
    os.write(write, b"x")
    await asyncio.sleep(0)
    assert sink.data == b""
    reader.resume()
    os.close(write)
    assert await sink.all() == b"x"
    os.close(read)


@pytest.mark.parametrize("make", [os.pipe, lambda: tuple(end.detach() for end in socket.socketpair())])
async def test_lines_larger_than_the_pipe_arrive_whole(make: Callable[[], tuple[int, int]]) -> None:
    read, write = make()
    sink = Sink()
    Reader(read, on_data=sink.take, on_end=sink.ended.set).start()
    writer = Writer(write, limit=1 << 20, on_lost=sink.ended.set)
    lines = [bytes([65 + number]) * 300_000 for number in range(5)]
    for line in lines:
        writer.write(line)
    async with asyncio.timeout(5):
        await writer.flushed()
    os.close(write)
    assert await sink.all() == b"".join(line + b"\n" for line in lines)
    os.close(read)


async def test_a_full_queue_is_reported_and_waited_for() -> None:
    read, write = os.pipe()
    writer = Writer(write, limit=100_000, on_lost=lambda: None)
    reports: list[str] = []
    writer.on_full, writer.on_space = lambda: reports.append("full"), lambda: reports.append("space")
    writer.write(b"x" * 3_000_000)
    assert reports == ["full"]
    waiting = asyncio.timeout(5)
    async with waiting, asyncio.TaskGroup() as group:
        drained = group.create_task(writer.drained())
        await asyncio.sleep(0)
        assert not drained.done()
        sink = Sink()
        Reader(read, on_data=sink.take, on_end=sink.ended.set).start()
    await writer.flushed()
    assert reports == ["full", "space"]
    os.close(write)
    await sink.all()
    os.close(read)


async def test_s6_a_closed_reader_ends_the_writer_quietly() -> None:
    read, write = os.pipe()
    lost = asyncio.Event()
    writer = Writer(write, limit=1000, on_lost=lost.set)
    os.close(read)
    writer.write(b"x")
    async with asyncio.timeout(5):
        await lost.wait()
    writer.write(b"y")
    await writer.flushed()
    with pytest.raises(ConnectionLost):
        await writer.drained()
    os.close(write)

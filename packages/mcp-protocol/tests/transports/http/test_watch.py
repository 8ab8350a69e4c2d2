"""What is around a running call: ended from outside and by nobody else, watched once it takes longer."""

import asyncio
import logging
from typing import Any

import pytest

from mcp_protocol.errors import ConnectionLost, LocalProtocolError
from mcp_protocol.transports.http.answers import EventStream
from mcp_protocol.transports.http.modern import ModernStream
from mcp_protocol.transports.http.watch import Runs, Watch, guarded


async def test_a_cancelled_call_ends_without_an_exception() -> None:
    async with asyncio.TaskGroup() as group:
        watch = Watch(Runs(group))
        with watch:
            asyncio.get_running_loop().call_soon(watch.cancel)
            asyncio.get_running_loop().call_soon(watch.cancel)
            await asyncio.Event().wait()
        assert watch.cancelled
        watch.cancel()
        await asyncio.sleep(0)


async def test_another_cancellation_goes_through() -> None:
    async with asyncio.TaskGroup() as group:
        watch = Watch(Runs(group))

        async def call() -> None:
            with watch:
                await asyncio.Event().wait()

        task = group.create_task(call())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not watch.cancelled


async def test_a_cancellation_of_both_kinds_goes_through() -> None:
    async with asyncio.TaskGroup() as group:
        watch = Watch(Runs(group))

        async def call() -> None:
            with watch:
                await asyncio.Event().wait()

        task = group.create_task(call())
        await asyncio.sleep(0)
        watch.cancel()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_call_that_takes_longer_is_attended_until_its_end() -> None:
    attended, left = asyncio.Event(), asyncio.Event()

    async def attendance() -> None:
        attended.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    async with asyncio.TaskGroup() as group:
        with Watch(Runs(group), attendance):
            async with asyncio.timeout(5):
                await attended.wait()
        async with asyncio.timeout(5):
            await left.wait()


async def test_draining_waits_then_cancels() -> None:
    async with asyncio.TaskGroup() as group:
        runs = Runs(group)
        watch = Watch(runs)

        async def call() -> None:
            with watch:
                await asyncio.Event().wait()

        group.create_task(call())
        await asyncio.sleep(0)
        await runs.drain(0.01)
        assert watch.cancelled


@pytest.mark.parametrize(("fault", "logged"), [(RuntimeError("no"), 1), (ConnectionLost("gone"), 0)])
async def test_a_fault_beside_a_request_ends_no_other(
    fault: Exception, logged: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise fault

    with caplog.at_level(logging.ERROR):
        await guarded(fail)
    assert len(caplog.records) == logged


async def test_a_server_that_reports_lost_readers_is_understood() -> None:
    async def send(_: Any) -> None:
        raise BrokenPipeError

    stream = EventStream(send)
    with pytest.raises(ConnectionLost):
        await stream.write(b"x")
    with pytest.raises(ConnectionLost):
        await stream.write(b"x")
    await stream.end()
    await EventStream(send).end()


async def test_a_modern_client_is_never_asked() -> None:
    never: Any = None
    async with asyncio.TaskGroup() as group:
        with pytest.raises(LocalProtocolError, match="roots/list"):
            await ModernStream(never, never, Runs(group), keepalive=1).ask("roots/list", {})

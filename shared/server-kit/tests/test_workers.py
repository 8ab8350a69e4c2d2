"""Blocking work in threads: results, cancellation, bounds, the end."""

import asyncio
import contextvars
import threading
import time
from collections.abc import AsyncIterator

import pytest

from mcp_protocol.errors import ToolError
from mcp_ref_kit.workers import Stop, Stopped, Workers

DEADLINE = 5.0
name_of_call: contextvars.ContextVar[str] = contextvars.ContextVar("name_of_call", default="none")


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    async with asyncio.timeout(DEADLINE), Workers("test", 2, waiting=2) as made:
        yield made


def until_stopped(stop: Stop, began: threading.Event, ended: threading.Event) -> None:
    began.set()
    try:
        while True:
            stop.check()
            time.sleep(0.001)
    finally:
        ended.set()


async def begun(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, DEADLINE)


async def test_a_function_runs_in_a_named_thread_and_its_value_comes_back(workers: Workers) -> None:
    assert await workers.run(divmod, 7, 2) == (3, 1)
    thread = await workers.run(threading.current_thread)
    assert thread.name.startswith("test")
    assert thread is not threading.current_thread()


async def test_what_a_function_raises_comes_back(workers: Workers) -> None:
    with pytest.raises(ZeroDivisionError):
        await workers.run(divmod, 1, 0)


async def test_the_thread_knows_which_call_it_works_for(workers: Workers) -> None:
    name_of_call.set("call 1")
    assert await workers.run(name_of_call.get) == "call 1"


async def test_cancelled_work_stops_soon_and_is_waited_for(workers: Workers) -> None:
    events = threading.Event(), threading.Event()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(workers.run_stoppable(until_stopped, *events))
        await begun(events[0])
        asked = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert events[1].is_set()
    assert time.monotonic() - asked < 3  # alone it is a few milliseconds


async def test_a_second_cancel_does_not_leave_the_work_behind(workers: Workers) -> None:
    began, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def stubborn() -> None:
        began.set()
        go_on.wait(DEADLINE)
        ended.set()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(workers.run(stubborn))
        await begun(began)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.01)
        assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert ended.is_set()


async def test_work_that_has_not_begun_never_begins_once_cancelled(workers: Workers) -> None:
    go_on, ran = threading.Event(), threading.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(workers.run(go_on.wait, DEADLINE))
        late = group.create_task(workers.run(ran.set))
        await asyncio.sleep(0.01)
        late.cancel()
        with pytest.raises(asyncio.CancelledError):
            await late
        go_on.set()
    assert not ran.is_set()


async def test_too_much_work_is_refused_at_once(workers: Workers) -> None:
    go_on = threading.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(workers.run(go_on.wait, DEADLINE))
        await asyncio.sleep(0.01)
        with pytest.raises(ToolError) as caught:
            await workers.run(int)
        assert (caught.value.code, caught.value.retryable) == ("busy", True)
        go_on.set()
    assert await workers.run(int) == 0


async def test_the_event_loop_goes_on_while_threads_work(workers: Workers) -> None:
    began, ended = threading.Event(), threading.Event()
    turns = 0
    async with asyncio.TaskGroup() as group:
        task = group.create_task(workers.run_stoppable(until_stopped, began, ended))
        for _ in range(100):
            await asyncio.sleep(0)
            turns += 1
        task.cancel()
    assert turns == 100


async def test_the_end_stops_what_still_runs() -> None:
    began, ended = threading.Event(), threading.Event()
    async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as group:
        async with Workers("test", 1) as workers:
            task = group.create_task(_stopped(workers, began, ended))
            await begun(began)
        assert ended.is_set()
        assert await task


async def _stopped(workers: Workers, began: threading.Event, ended: threading.Event) -> bool:
    try:
        await workers.run_stoppable(until_stopped, began, ended)
    except Stopped as error:
        return error.code == "cancelled"
    return False


def test_a_token_says_whether_to_stop() -> None:
    stop = Stop()
    stop.check()
    stop.set()
    assert stop.is_set
    with pytest.raises(Stopped):
        stop.check()

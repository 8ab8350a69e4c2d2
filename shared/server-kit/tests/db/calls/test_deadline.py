import asyncio
import threading
from itertools import pairwise
from typing import Any

import pytest

from mcp_protocol import Context, Server, Toolset
from mcp_protocol.testing import raw_peer
from mcp_ref_kit.db.calls.deadline import Backoff, Deadline, Progress, Slots, off_loop
from mcp_ref_kit.db.calls.errors import DbError


async def test_a_block_that_goes_on_past_its_deadline_is_ended_with_timeout() -> None:
    slots = Slots(1)
    with pytest.raises(DbError) as caught:
        async with slots.enter(0.01, grace=0.01):
            await asyncio.Event().wait()
    assert caught.value.code == "timeout"
    assert caught.value.retryable
    assert "0.01 seconds" in caught.value.message
    async with slots.enter(5):
        pass


async def test_what_to_do_about_a_late_call_is_said_as_its_server_says_it() -> None:
    for slots, hint in ((Slots(1), "`timeout_s`"), (Slots(1, "Hurry."), "Hurry.")):
        with pytest.raises(DbError) as caught:
            async with slots.enter(0.01, grace=0):
                await asyncio.Event().wait()
        assert hint in str(caught.value.hint)


async def test_a_block_that_ends_itself_in_time_keeps_what_it_has() -> None:
    async with Slots(1).enter(0.02, grace=5) as deadline:
        await asyncio.sleep(0.03)
        assert deadline.left == 0


async def impatient() -> None:
    async with Slots(1).enter(5), asyncio.timeout(0.001):
        await asyncio.Event().wait()


async def test_the_time_of_others_is_not_taken_for_our_deadline() -> None:
    with pytest.raises(TimeoutError):
        await impatient()


async def test_a_call_waits_for_its_turn_and_then_is_told_that_there_was_none() -> None:
    slots = Slots(1)
    async with slots.enter(5):
        with pytest.raises(DbError) as caught:
            async with slots.enter(0.01):
                raise AssertionError
    assert caught.value.code == "busy"
    assert caught.value.retryable


async def test_turns_are_given_in_the_order_in_which_they_were_asked_for() -> None:
    slots = Slots(1)
    order: list[int] = []

    async def call(number: int) -> None:
        async with slots.enter(5):
            order.append(number)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(call(number))
    assert order == list(range(10))


async def test_a_cancelled_call_gives_its_turn_back() -> None:
    slots = Slots(1)
    inside = asyncio.Event()

    async def call() -> None:
        async with slots.enter(5):
            inside.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(call())
        await inside.wait()
        task.cancel()
    async with slots.enter(0.1):
        pass


async def test_a_long_text_is_read_in_a_thread_and_a_short_one_at_once() -> None:
    here = threading.get_ident()
    assert await off_loop(10, threading.get_ident) == here
    assert await off_loop(1_000_000, threading.get_ident) != here
    with pytest.raises(ZeroDivisionError):
        await off_loop(1_000_000, divmod, 1, 0)


async def test_a_deadline_tells_a_thread_what_is_left() -> None:
    deadline = Deadline(5)
    assert 4 < await asyncio.to_thread(lambda: deadline.left) <= 5
    assert Deadline(0).left == 0


tools = Toolset[None]("tools")


@tools.tool(read_only=True)
async def count(ctx: Context[None]) -> str:
    """Count, as fast as it goes."""
    progress = Progress(ctx, 1000)
    for done in range(1000):
        await progress.report(done)
    return "done"


@tools.tool(read_only=True)
async def work(ctx: Context[None]) -> str:
    """Let other things go on."""
    done = [0]
    async with Progress(ctx).following(lambda: done[0]):
        for _ in range(3):
            done[0] += 1
            await asyncio.sleep(0.26)
    return "done"


@tools.tool(read_only=True)
async def fail(ctx: Context[None]) -> str:
    """Fail while somebody follows."""
    async with Progress(ctx).following(lambda: 1):
        raise DbError("No.", code="conflict")


class _Nothing:
    async def __aenter__(self) -> None: ...
    async def __aexit__(self, *_: object) -> None: ...


def _lifespan(_settings: Any) -> Any:
    return _Nothing()


server = Server[Any, None]("steps", type(None), _lifespan, toolsets=[tools])


async def steps_of(tool: str) -> tuple[list[float], dict[str, Any]]:
    async with raw_peer(server, None, revision="2025-11-25") as peer:
        reply = await peer.call("tools/call", {"name": tool, "arguments": {}, "_meta": {"progressToken": 7}})
        found = [one["params"] for one in peer.notifications if one["method"] == "notifications/progress"]
        return [step["progress"] for step in found], reply


async def test_progress_is_told_a_few_times_a_second_and_never_backwards() -> None:
    steps, _ = await steps_of("count")
    assert len(steps) <= 2
    assert steps == sorted(steps)


async def test_work_that_goes_on_elsewhere_is_looked_at_now_and_then() -> None:
    steps, _ = await steps_of("work")
    assert len(steps) >= 2
    assert steps == sorted(set(steps))


async def test_a_failure_is_itself_and_no_group_of_them() -> None:
    _, reply = await steps_of("fail")
    assert reply["result"]["content"][0]["text"] == "conflict: No."


async def test_attempts_at_an_engine_that_is_down_have_pauses_between_that_grow() -> None:
    backoff = Backoff(0.02, 0.05)
    loop = asyncio.get_running_loop()
    times: list[float] = []

    async def attempt() -> None:
        async with backoff.attempt():
            times.append(loop.time())
            raise OSError("down")

    for _ in range(4):
        with pytest.raises(OSError, match="down"):
            await attempt()
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[0] >= 0.019
    assert pauses[1] >= 0.038
    assert pauses[2] >= 0.048


async def test_the_first_attempt_after_a_success_does_not_wait() -> None:
    backoff = Backoff(5, 5)
    with pytest.raises(OSError, match="down"):
        async with backoff.attempt():
            raise OSError("down")
    with pytest.raises(TimeoutError):
        async with backoff.attempt(asyncio.get_running_loop().time() + 0.01):
            raise AssertionError
    fresh = Backoff(5, 5)
    for _ in range(3):
        async with asyncio.timeout(1), fresh.attempt():
            pass


async def test_one_attempt_at_a_time() -> None:
    backoff = Backoff()
    inside = 0

    async def attempt() -> None:
        nonlocal inside
        async with backoff.attempt():
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            inside -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(attempt())

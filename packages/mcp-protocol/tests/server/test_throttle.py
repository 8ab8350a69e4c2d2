"""Bounds of one call: progress steps, log messages, handlers at once, a deadline that waits for the user."""

import asyncio

import pytest

from mcp_protocol.errors import Busy
from mcp_protocol.server.deadlines import Deadlines
from mcp_protocol.server.gate import Gate
from mcp_protocol.server.services import Spent
from mcp_protocol.server.throttle import Rate, Steps, paused
from mcp_protocol.types import ProgressParams


def step(progress: float) -> ProgressParams:
    return ProgressParams(progress_token=1, progress=progress)


def test_l8_steps_that_do_not_increase_are_dropped() -> None:
    steps = Steps(0.02)
    assert [steps.due(step(value), now) for now, value in enumerate([1, 1, 0, 2])] == [True, False, False, True]


def test_l8_close_steps_are_held_and_the_last_one_is_kept() -> None:
    steps = Steps(0.02)
    assert [steps.due(step(value), value / 1000) for value in range(1, 10)] == [True] + [False] * 8
    assert steps.held == step(9)
    assert steps.due(step(100), 1)
    assert steps.held is None


def test_log_messages_are_bounded_in_each_second() -> None:
    rate = Rate(2)
    assert [rate.allows(now) for now in (0, 0.1, 0.2, 0.99, 1.0)] == [True, True, False, False, True]


def test_a_nonce_is_spent_once_and_forgotten_after_its_time() -> None:
    spent = Spent()
    assert spent.spend("a", now=0, expires=10)
    assert not spent.spend("a", now=5, expires=15)
    assert spent.spend("a", now=20, expires=30)


async def test_more_calls_than_may_wait_are_refused_at_once() -> None:
    gate = Gate(running=1, waiting=1)
    release = asyncio.Event()

    async def hold() -> None:
        async with gate:
            await release.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(hold())
        group.create_task(hold())
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await hold()
        release.set()
    async with gate:
        pass


async def test_a_handler_that_waits_for_its_user_leaves_its_place() -> None:
    gate = Gate(running=1, waiting=0)
    async with gate, gate.left(), gate:
        pass


async def test_a_deadline_stands_still_while_a_question_is_open() -> None:
    with Deadlines().after(0.05) as deadline:
        async with paused(deadline, 5):
            await asyncio.sleep(0.3)
        assert not deadline.expired
    with pytest.raises(TimeoutError):
        async with paused(None, 0.01):
            await asyncio.Event().wait()


async def test_a_deadline_ends_what_takes_longer_and_nothing_else() -> None:
    deadlines = Deadlines()
    with deadlines.after(5):
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError), deadlines.after(0.01):
        await asyncio.Event().wait()
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_a_cancellation_from_outside_is_no_timeout() -> None:
    deadlines = Deadlines()

    async def work() -> None:
        with deadlines.after(5):
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()


async def test_a_deadline_can_be_given_more_time() -> None:
    with Deadlines().after(0.01) as deadline:
        deadline.restart(5)
        await asyncio.sleep(0.3)
    assert not deadline.expired

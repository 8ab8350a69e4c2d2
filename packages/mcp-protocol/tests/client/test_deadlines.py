"""The clock of a request, and what stops it."""

import asyncio

import pytest

from mcp_protocol.client.deadlines import deadline, paused


async def never() -> None:
    await asyncio.Event().wait()


async def some_time(seconds: float) -> None:
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, done.set)
    await done.wait()


async def test_a_block_ends_at_its_deadline() -> None:
    with pytest.raises(TimeoutError):
        async with deadline(0.01):
            await never()


async def test_the_clock_stands_still_while_it_is_paused() -> None:
    async with deadline(0.05):
        with paused():
            await some_time(0.1)


async def test_the_clock_goes_on_where_it_stood() -> None:
    async def pausing() -> None:
        with paused():
            await some_time(0.1)
        await never()

    with pytest.raises(TimeoutError):
        async with deadline(0.05):
            await pausing()


async def test_without_a_deadline_there_is_nothing_to_pause() -> None:
    with paused():
        pass
    async with deadline(0.05):
        pass
    with paused():
        pass


async def test_a_task_of_its_own_does_not_stop_the_clock_of_another() -> None:
    async def signing_in() -> None:
        with paused():
            await never()

    with pytest.raises(TimeoutError):
        async with deadline(0.05), asyncio.TaskGroup() as group:
            group.create_task(signing_in())

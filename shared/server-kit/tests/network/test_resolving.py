"""Look-ups by the system: one a name, in threads that are few, and nobody waits for another's name."""

import asyncio
import socket
import threading
from typing import Any

import pytest

from mcp_ref_kit.network import SystemResolver


class Slow:
    """The system's resolver, where names that begin with `slow` wait until they may go on."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()

    def __call__(self, host: str, *_: Any, **__: Any) -> list[Any]:
        self.asked.append(host)
        if host.startswith("slow"):
            self.go.wait(10)
        if host.startswith("none"):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 0))] * 2


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Slow:
    slow = Slow()
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    return slow


async def test_a_slow_name_takes_one_thread_however_many_ask_for_it(system: Slow) -> None:
    """200 questions about one name hold up nobody who asks about another."""
    resolver = SystemResolver(2)
    async with asyncio.TaskGroup() as group:
        slow = [group.create_task(resolver.resolve("slow.test")) for _ in range(200)]
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert await resolver.resolve("quick.test") == ["93.184.215.14"]
        assert system.asked == ["slow.test", "quick.test"]
        system.go.set()
    assert all(task.result() == ["93.184.215.14"] for task in slow)
    assert (await resolver.resolve("slow.test"), system.asked[-1]) == (["93.184.215.14"], "slow.test")


async def test_names_beyond_the_threads_wait_and_those_that_nobody_wants_by_then_are_left_out(system: Slow) -> None:
    resolver = SystemResolver(1)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(resolver.resolve("slow.test"))
        await asyncio.sleep(0)
        for name in ("gone1.test", "gone2.test"):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await resolver.resolve(name)
        last = group.create_task(resolver.resolve("last.test"))
        await asyncio.sleep(0)
        system.go.set()
    assert first.result() == last.result() == ["93.184.215.14"]
    assert system.asked == ["slow.test", "last.test"]


async def test_a_name_without_addresses_is_told_to_all_and_asked_for_again(system: Slow) -> None:
    resolver = SystemResolver()
    found = await asyncio.gather(*(resolver.resolve("none.test") for _ in range(3)), return_exceptions=True)
    assert all(isinstance(each, OSError) for each in found)
    with pytest.raises(OSError, match="unknown"):
        await resolver.resolve("none.test")
    assert system.asked == ["none.test"] * 2

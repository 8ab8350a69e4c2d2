import asyncio
from collections.abc import Sequence

import pytest

from mcp_ref_kit.db.catalog.known import Known, matching, suggestions


class Names:
    """Loads names, counting how often; may be slow or fail."""

    def __init__(self, seconds: float = 0, *, fails: bool = False) -> None:
        self.loads = 0
        self.seconds = seconds
        self.fails = fails
        self.done = asyncio.Event()

    async def load(self) -> Sequence[str]:
        self.loads += 1
        await asyncio.sleep(self.seconds)
        self.done.set()
        if self.fails:
            raise OSError("down")
        return ["customers", "orders", "Cust_old", "old_customers"]


def test_beginnings_come_before_what_contains_it_and_capitals_do_not_matter() -> None:
    found = matching("cust", ["old_customers", "orders", "customers", "Cust_old", "customers"])
    assert (found.values, found.total, found.has_more) == (["customers", "Cust_old", "old_customers"], 3, False)


def test_at_most_a_hundred_are_shown_and_the_rest_is_counted() -> None:
    found = matching("t", [f"t{number}" for number in range(250)])
    assert (len(found.values), found.total, found.has_more) == (100, 250, True)


async def test_names_are_loaded_once_for_all_who_ask() -> None:
    names = Names(0.01)
    async with Known(names.load) as known:
        found = await asyncio.gather(*(known.get() for _ in range(20)))
        assert all(one == found[0] for one in found)
        assert names.loads == 1


async def test_they_are_loaded_again_when_they_are_old_or_have_changed() -> None:
    names = Names()
    async with Known(names.load, seconds=0.01) as known:
        await known.get()
        await asyncio.sleep(0.02)
        await known.get()
        assert names.loads == 2
    async with Known(names.load, seconds=60) as known:
        await known.get()
        await known.get()
        assert names.loads == 3
        known.forget()
        await known.get()
        assert names.loads == 4


async def test_whoever_stops_waiting_does_not_stop_the_loading() -> None:
    names = Names(0.03)
    async with Known(names.load) as known:
        found = await suggestions("cust", known.get, seconds=0.005)
        assert found.values == []
        await names.done.wait()
        found = await suggestions("cust", known.get)
        assert found.values[0] == "customers"
        assert names.loads == 1


async def test_a_failure_is_for_those_who_waited_and_the_next_call_tries_again() -> None:
    names = Names(fails=True)
    async with Known(names.load) as known:
        with pytest.raises(OSError, match="down"):
            await known.get()
        assert (await suggestions("c", known.get)).values == []
        names.fails = False
        assert await known.get()
        assert names.loads == 3


async def test_the_end_of_the_server_is_the_end_of_the_loading() -> None:
    names = Names(60)
    async with asyncio.timeout(5):
        async with Known(names.load) as known:
            assert (await suggestions("c", known.get)).values == []
        assert names.loads == 1

import asyncio
from collections.abc import AsyncGenerator, Collection

from mcp_ref_kit.db.catalog.watch import Watch

PATIENCE = 5


class Database:
    """Says what it was told to say, one look after the other."""

    def __init__(self) -> None:
        self.looks = 0
        self.changed: list[Collection[str]] = []
        self.looked = asyncio.Event()

    async def look(self) -> Collection[str]:
        self.looks += 1
        self.looked.set()
        if not self.changed:
            return ()
        found = self.changed.pop(0)
        if "down" in found:
            raise OSError("down")
        return found


async def first(changes: AsyncGenerator[None]) -> None:
    async with asyncio.timeout(PATIENCE):
        await anext(changes)


async def test_nothing_is_looked_at_while_nobody_listens() -> None:
    database = Database()
    async with Watch(database.look, 0.005) as watch:
        changes = watch.changes("schema")
        await asyncio.sleep(0.02)
        assert database.looks == 0
        database.changed = [{"schema"}]
        await first(changes)
        await changes.aclose()
        assert watch.listeners == 0
        looks = database.looks
        await asyncio.sleep(0.03)
        assert database.looks == looks


async def test_one_look_serves_all_listeners_and_each_hears_its_topic() -> None:
    database = Database()
    heard: list[str] = []
    async with Watch(database.look, 0.005) as watch:
        listeners = {f"{topic}{number}": watch.changes(topic) for topic in ("schema", "rows") for number in range(20)}

        async def listen(name: str) -> None:
            async for _ in listeners[name]:
                heard.append(name)  # noqa: PERF401  it never ends

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(listen(name)) for name in listeners]
            await asyncio.sleep(0.02)
            looks = database.looks
            database.changed = [{"schema"}]
            async with asyncio.timeout(PATIENCE):
                while len(heard) < 20:
                    database.looked.clear()
                    await database.looked.wait()
            assert database.looks - looks < 20
            for task in tasks:
                task.cancel()
    assert sorted(heard) == sorted(name for name in listeners if name.startswith("schema"))


async def test_changes_that_come_faster_than_they_are_taken_are_one() -> None:
    database = Database()
    async with Watch(database.look, 60) as watch:
        changes = watch.changes("rows")
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(first(changes))
            await database.looked.wait()
            for _ in range(100):
                watch.announce({"rows"})
            await waiting
            watch.announce({"rows"})
            watch.announce({"rows"})
            await first(changes)
            again = group.create_task(first(changes))
            await asyncio.sleep(0.01)
            assert not again.done()
            again.cancel()


async def test_a_look_that_fails_does_not_end_the_listening() -> None:
    database = Database()
    database.changed = [{"down"}, {"down"}, {"schema"}]
    async with Watch(database.look, 0.001) as watch:
        changes = watch.changes("schema")
        await first(changes)
        await changes.aclose()


async def test_whoever_keeps_names_hears_of_every_change_once() -> None:
    told: list[Collection[str]] = []
    database = Database()
    database.changed = [(), {"schema"}, {"rows"}]
    async with Watch(database.look, 0.001, told=told.append) as watch:
        changes = watch.changes("rows")
        await first(changes)
        await changes.aclose()
    assert told == [{"schema"}, {"rows"}]


async def test_the_end_of_the_server_is_the_end_of_the_looking() -> None:
    database = Database()
    watch = Watch(database.look, 0.001)
    async with asyncio.TaskGroup() as group:
        async with watch:
            listening = group.create_task(first(watch.changes("rows")))
            await database.looked.wait()
        looks = database.looks
        await asyncio.sleep(0.01)
        assert database.looks == looks
        listening.cancel()

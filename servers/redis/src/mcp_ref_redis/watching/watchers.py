"""One watcher for each database: changes are waited for where the engine tells of them, and looked for where not.

Keys: by keyspace events where the engine is set to send them (it is never set by us), else by a look every two
seconds. Streams: by one XREAD that blocks. Channels: by one subscription. Each on one connection for all listeners, and
only while somebody listens. After a connection broke something may have been missed: every listener is told.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Iterable
from contextlib import suppress
from typing import Any, Self

from mcp_protocol import ToolError
from mcp_ref_kit.db.calls.deadline import Backoff
from mcp_ref_kit.db.catalog.watch import Watch
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.opening import Link
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.messaging.entries import entries_of, last_ids, read_vector
from mcp_ref_redis.messaging.listening import message_in
from mcp_ref_redis.modules.replies import members
from mcp_ref_redis.watching.glances import glances
from mcp_ref_redis.watching.topics import Topic, event_channel, tells_of_keys

LOOK_SECONDS = 2.0
# How long one XREAD waits: a stream that is new among the watched is heard of from the next one on.
BLOCK_MS = 500
_GRACE = 5.0
_ONE = 1

_log = logging.getLogger(__name__)


class Watcher:
    """Who listens to one database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._watch = Watch(self._look, LOOK_SECONDS)
        self._wanted: Counter[Topic] = Counter()
        self._seen: dict[bytes, Any] = {}
        self._events: bool | None = None
        self._away = False
        self._link: Link | None = None
        self._subscribed: set[bytes] = set()
        self._group = asyncio.TaskGroup()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        """Be ready; nothing is opened yet."""
        await self._watch.__aenter__()
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Listen no more."""
        for task in self._tasks.values():
            task.cancel()
        await self._group.__aexit__(None, None, None)
        await self._watch.__aexit__(None, None, None)

    async def listen(self, topic: Topic) -> "Changes":
        """Begin to listen: what happens from now on is told. A database that is down is listened to when it is back."""
        changes = Changes(self, topic)
        try:
            await self._begin(topic)
        except ToolError as error:
            _log.debug("a watched database is away: %s", error.code)
            self._away = True
        return changes

    def told(self, topic: Topic) -> AsyncGenerator[None]:
        """One item for each change, once it is iterated."""
        return self._watch.changes(topic.text)

    def want(self, topic: Topic) -> None:
        """One listener more."""
        self._wanted[topic] += 1

    def release(self, topic: Topic) -> None:
        """One listener less; what nobody waits for any more is stopped."""
        self._wanted[topic] -= 1
        if not self._wanted[topic]:
            del self._wanted[topic]
            self._seen.pop(topic.name, None)
        self._end_idle()

    async def _begin(self, topic: Topic) -> None:
        if topic.kind == "stream":
            self._start("streams", self._follow_streams)
            return
        if topic.kind == "key":
            await self._learn_events()
            if not self._events:
                self._seen |= await self._glanced([topic.name])
                return
        self._start("messages", self._follow_messages)
        await self._subscribe()

    def _start(self, name: str, work: Any) -> None:
        if name not in self._tasks or self._tasks[name].done():
            self._tasks[name] = self._group.create_task(self._forever(work))

    def _end_idle(self) -> None:
        """Stop what nobody waits for."""
        needed = {"stream": "streams", "channel": "messages", "key": "messages"}
        wanted = {needed[topic.kind] for topic in self._wanted}
        for name in [name for name in self._tasks if name not in wanted]:
            self._tasks.pop(name).cancel()

    async def _forever(self, work: Any) -> None:
        """Follow until cancelled; where it fails, begin again after a while, and tell everyone of what was missed."""
        backoff = Backoff()
        while True:
            try:
                async with backoff.attempt():
                    await work()
            except ToolError as error:
                _log.debug("a watched database is away: %s", error.code)
                await self._missed(backoff)

    async def _missed(self, backoff: Backoff) -> None:
        """Wait until the engine answers again, then tell everyone."""
        while True:
            try:
                async with backoff.attempt():
                    await self._db.ask(b"PING")
            except ToolError:
                continue
            self._watch.announce([topic.text for topic in self._wanted])
            return

    async def _follow_streams(self) -> None:
        async with self._db.engine.apart(self._names("stream")[0]) as link:
            behind: dict[bytes, bytes] = {}
            while names := self._names("stream"):
                new = [name for name in names if name not in behind]
                behind |= dict(zip(new, await last_ids(self._db, new), strict=True)) if new else {}
                wanted = {name: behind[name] for name in names}
                await link.send([read_vector(wanted, 100, BLOCK_MS)])
                async with asyncio.timeout(BLOCK_MS / 1000 + _GRACE):
                    reply = await link.receive()
                found = [] if isinstance(reply, Fault) else entries_of(reply)
                for key, entry in found:
                    behind[key] = entry[0]
                self._watch.announce({Topic("stream", key).text for key, _ in found})

    async def _follow_messages(self) -> None:
        async with self._db.engine.apart() as link:
            self._link = link
            self._subscribed.clear()
            try:
                await self._subscribe()
                while True:
                    frame = message_in(await link.receive())
                    if frame is not None:
                        self._watch.announce(self._topics_of(frame[0]))
            finally:
                self._link = None

    async def _subscribe(self) -> None:
        """Ask for the channels that are wanted, and no longer for others, where there is a connection to ask on."""
        if self._link is None:
            return
        wanted = {self._channel(topic) for topic in self._wanted if topic.kind != "stream"}
        new, old = wanted - self._subscribed, self._subscribed - wanted
        self._subscribed = wanted
        asking = [(b"SUBSCRIBE", *new)] * bool(new) + [(b"UNSUBSCRIBE", *old)] * bool(old)
        if asking:
            await self._link.send(asking)

    def _topics_of(self, channel: bytes) -> Collection[str]:
        return [topic.text for topic in self._wanted if topic.kind != "stream" and self._channel(topic) == channel]

    def _channel(self, topic: Topic) -> bytes:
        return topic.name if topic.kind == "channel" else event_channel(self._db.number, topic.name)

    async def _learn_events(self) -> None:
        """Whether the engine tells of changes of keys; a user who may not ask is told by looks."""
        [reply] = await self._db.run((b"CONFIG", b"GET", b"notify-keyspace-events"))
        flags = b"" if isinstance(reply, Fault) else members(reply).get("notify-keyspace-events", b"")
        self._events = tells_of_keys(flags.decode("ascii", "replace")) and len(await self._db.engine.nodes()) == _ONE

    async def _look(self) -> Collection[str]:
        """What differs from the look before, of the keys that no event tells of."""
        if self._events:
            return []
        names = self._names("key")
        try:
            now = await self._glanced(names)
        except ToolError:
            self._away = True
            raise
        changed = [name for name in names if self._away or (name in self._seen and self._seen[name] != now[name])]
        self._seen |= now
        self._away = False
        return {Topic("key", name).text for name in changed}

    async def _glanced(self, names: list[bytes]) -> dict[bytes, Any]:
        return dict(zip(names, await glances(self._db, names), strict=True))

    def _names(self, kind: str) -> list[bytes]:
        return [topic.name for topic in self._wanted if topic.kind == kind]


class Changes:
    """The changes of one topic, one after the other; ends to be listened to when it is closed or forgotten."""

    def __init__(self, watcher: Watcher, topic: Topic) -> None:
        self._watcher = watcher
        self._topic = topic
        self._told = watcher.told(topic)
        watcher.want(topic)

    def __aiter__(self) -> Self:
        """Itself."""
        return self

    async def __anext__(self) -> object:
        """Wait for the next change."""
        return await anext(self._told)

    def __del__(self) -> None:
        """Listen no more: whoever did is gone."""
        self._watcher.release(self._topic)


class Watchers:
    """The watchers of all databases."""

    def __init__(self, databases: Iterable[Database]) -> None:
        self._by_name = {db.name: Watcher(db) for db in databases}

    async def __aenter__(self) -> Self:
        """Be ready."""
        for watcher in self._by_name.values():
            await watcher.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Listen no more."""
        for watcher in self._by_name.values():
            with suppress(ToolError):
                await watcher.__aexit__(None, None, None)

    def of(self, db: Database) -> Watcher:
        """The watcher of a database."""
        return self._by_name[db.name]

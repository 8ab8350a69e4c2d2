"""One watcher for each database: changes are waited for where the engine tells of them, and looked for where not.

Keys: by keyspace events where the engine is set to send them (it is never set by us), else by a look every two
seconds. Streams: by one XREAD that blocks. Channels: by one subscription. Each on one connection for all listeners, and
only while somebody listens. What the engine refuses to tell, and streams of a cluster, are looked for as well. After a
connection broke something may have been missed: every listener is told.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from contextlib import AsyncExitStack
from typing import Any, Self

from mcp_protocol import ToolError
from mcp_ref_kit.db.catalog.watch import Watch
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import within
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.modules.replies import members
from mcp_ref_redis.watching.channels import Channels
from mcp_ref_redis.watching.following import Following
from mcp_ref_redis.watching.glances import glances
from mcp_ref_redis.watching.patience import ANSWER_SECONDS
from mcp_ref_redis.watching.streams import Streams
from mcp_ref_redis.watching.topics import Kind, Topic, event_channel, tells_of_keys

LOOK_SECONDS = 2.0

_log = logging.getLogger(__name__)


class Watcher:
    """Who listens to one database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._watch = Watch(self._look, LOOK_SECONDS)
        self._wanted: Counter[Topic] = Counter()
        self._seen: dict[bytes, Any] = {}
        self._events = False
        self._away = False
        self._streams = Streams(db, self._followed_streams, self._stream_grew)
        self._channels = Channels(db, self._followed_channels, self._channel_spoke)
        self._group = asyncio.TaskGroup()
        self._reading = Following(self._group, self._streams.follow, self._missed)
        self._hearing = Following(self._group, self._hear, self._missed)

    async def __aenter__(self) -> Self:
        """Be ready; nothing is opened yet."""
        await self._watch.__aenter__()
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Listen no more."""
        self._reading.stop()
        self._hearing.stop()
        await self._group.__aexit__(None, None, None)
        await self._watch.__aexit__(None, None, None)

    async def listen(self, topic: Topic) -> "Changes":
        """Begin to listen: what happens from now on is told. A database that is down is listened to when it is back."""
        changes = Changes(self, topic)
        try:
            async with within(ANSWER_SECONDS):
                await self._begin(topic)
        except ToolError as error:
            _log.debug("a watched database is away: %s", error.code)
            self._away = True
        except Exception:  # noqa: BLE001  what one database says must not end the listening to others
            _log.warning("listening failed", exc_info=True)
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
        if self._wanted[topic]:
            return
        del self._wanted[topic]
        self._seen.pop(topic.name, None)
        if not self._followed_streams():
            self._reading.stop()
        if not self._followed_channels():
            self._hearing.stop()
            self._channels.forget()

    async def _begin(self, topic: Topic) -> None:
        if topic.kind == "stream" and not self._db.engine.spread:
            await self._streams.add(topic.name)
            self._reading.start()
        if topic.kind == "key":
            await self._learn_events()
        if topic.kind == "channel" or (topic.kind == "key" and self._events):
            self._hearing.start()
            await self._channels.add(self._channel(topic))
        if self._is_looked_at(topic):
            self._seen |= await self._glanced([topic.name])

    async def _hear(self, ready: Callable[[], None]) -> None:
        """Follow channels; the engine may have come back without its keyspace events, or with them."""
        if self._topics("key"):
            async with within(ANSWER_SECONDS):
                await self._learn_events()
        if self._followed_channels():
            await self._channels.follow(ready)

    async def _learn_events(self) -> None:
        """Whether the engine tells of changes of keys; a user who may not ask is told by looks."""
        [reply] = await self._db.run((b"CONFIG", b"GET", b"notify-keyspace-events"))
        flags = b"" if isinstance(reply, Fault) else members(reply).get("notify-keyspace-events", b"")
        self._events = tells_of_keys(flags.decode("ascii", "replace")) and not self._db.engine.spread

    async def _look(self) -> Collection[str]:
        """What differs from the look before, of what nobody tells us of."""
        try:
            await self._choose()
            looked_at = [topic for topic in self._topics() if self._is_looked_at(topic)]
            names = list(dict.fromkeys(topic.name for topic in looked_at))
            now = await self._glanced(names)
        except ToolError:
            self._away = True
            raise
        changed = {name for name in names if self._away or (name in self._seen and self._seen[name] != now[name])}
        self._seen |= now
        self._away = False
        return {topic.text for topic in looked_at if topic.name in changed}

    async def _choose(self) -> None:
        """Follow what the engine tells of now: somebody may have switched its events on or off, or be gone."""
        if self._topics("key"):
            await self._learn_events()
        if self._followed_channels():
            self._hearing.start()
        await self._channels.adjust()

    def _is_looked_at(self, topic: Topic) -> bool:
        if topic.kind == "stream":
            return not self._streams.follows(topic.name)
        return topic.kind == "key" and not (self._events and self._channels.follows(self._channel(topic)))

    async def _glanced(self, names: list[bytes]) -> dict[bytes, Any]:
        return dict(zip(names, await glances(self._db, names), strict=True))

    def _missed(self) -> None:
        self._watch.announce([topic.text for topic in self._topics()])

    def _stream_grew(self, names: Collection[bytes]) -> None:
        self._watch.announce({Topic("stream", name).text for name in names})

    def _channel_spoke(self, channels: Collection[bytes]) -> None:
        topics = self._topics("channel", "key")
        self._watch.announce({topic.text for topic in topics if self._channel(topic) in channels})

    def _followed_streams(self) -> list[bytes]:
        return [] if self._db.engine.spread else [topic.name for topic in self._topics("stream")]

    def _followed_channels(self) -> set[bytes]:
        topics = self._topics("channel", "key") if self._events else self._topics("channel")
        return {self._channel(topic) for topic in topics}

    def _channel(self, topic: Topic) -> bytes:
        return topic.name if topic.kind == "channel" else event_channel(self._db.number, topic.name)

    def _topics(self, *kinds: Kind) -> list[Topic]:
        """Those of these kinds, or all; a copy, since a listener may be forgotten at any moment."""
        return [topic for topic in tuple(self._wanted) if not kinds or topic.kind in kinds]


class Changes:
    """The changes of one topic, one after the other; ends to be listened to when it is forgotten.

    A listener may go before it has waited once: no generator would notice that, and nobody closes an iterator.
    """

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
        self._entered = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Be ready."""
        for watcher in self._by_name.values():
            await self._entered.enter_async_context(watcher)
        return self

    async def __aexit__(self, *error: object) -> None:
        """Listen no more."""
        await self._entered.aclose()

    def of(self, db: Database) -> Watcher:
        """The watcher of a database."""
        return self._by_name[db.name]

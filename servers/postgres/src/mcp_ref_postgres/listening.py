"""LISTEN on the operator's channel: each payload is a resource that has changed, `schema.table` or `structure`.

On a connection of its own, since listening belongs to a session; behind a pooler there is none to listen on.
"""

import asyncio
import logging
from typing import Any

from mcp_ref_kit.db.calls.deadline import Backoff
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_postgres.catalog.names import STRUCTURE, rows_of
from mcp_ref_postgres.engine.faults import broken
from mcp_ref_postgres.state import Opened

_log = logging.getLogger(__name__)

# A payload is a name; a longer one is none.
LONGEST = 200


async def listen(opened: Opened, channel: str) -> None:
    """Listen until cancelled, over as many connections as it takes."""
    backoff = Backoff()
    while True:
        try:
            async with backoff.attempt():
                session = await opened.engine.dedicated()
        except (DbError, *broken()) as error:
            _log.debug("no connection to listen on: %s", type(error).__name__)
            continue
        if opened.engine.is_pooled:
            session.connection.terminate()
            _log.warning("database %s: a pooler is in front, so nothing is heard on the channel", opened.engine.name)
            return
        try:
            await _heard(opened, session.connection, channel)
        except broken() as error:
            _log.debug("listening ended: %s", type(error).__name__)
        finally:
            session.connection.terminate()


async def _heard(opened: Opened, connection: Any, channel: str) -> None:
    ended = asyncio.Event()

    def end(_connection: Any) -> None:
        ended.set()

    connection.add_termination_listener(end)
    await connection.add_listener(channel, _Ear(opened))
    await ended.wait()


class _Ear:
    """Hears notifications of one database."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened

    def __call__(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        """Tell who listens to what the payload names."""
        if len(payload) <= LONGEST:
            self._opened.watch.announce([payload if payload == STRUCTURE else rows_of(payload)])

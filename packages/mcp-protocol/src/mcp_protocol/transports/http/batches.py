"""The members of one 2025-03-26 batch: run together, answered in the order in which they are ready."""

import asyncio

from mcp_protocol.errors import InvalidRequest, ProtocolError
from mcp_protocol.jsonrpc import Rejected, Request, encode_error
from mcp_protocol.server.app import App
from mcp_protocol.session.calls import Call, Principal
from mcp_protocol.transports.http.numbered import NumberedStream
from mcp_protocol.transports.http.sessions import HttpSession
from mcp_protocol.transports.http.watch import Runs, Watch


class Members:
    """Requests of a batch and their replies; once its stream has begun, each reply is an event of its own."""

    def __init__(self, app: App, session: HttpSession, runs: Runs, principal: Principal) -> None:
        self._app = app
        self._session = session
        self._runs = runs
        self._principal = principal
        self._calls: list[Call] = []
        self._replies: list[bytes] = []

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to answer."""
        return not self._calls and not self._replies

    def add(self, member: Request | Rejected) -> None:
        """Take a member, or note at once why not."""
        if isinstance(member, Rejected):
            self._replies.append(encode_error(member.id, member.error))
            return
        try:
            call = self._session.accept(member, self._principal)
            if any(call.key == other.key for other in self._calls):
                raise InvalidRequest("This id is in use by a request of the same batch")
            self._calls.append(call)
        except ProtocolError as problem:
            self._replies.append(encode_error(member.id, problem))

    async def run(self, stream: NumberedStream) -> None:
        """Run all calls; what could not go out on the stream waits for `array`."""
        async with asyncio.TaskGroup() as group:
            for call in self._calls:
                group.create_task(self._run(call, stream))
        if stream.begun:
            for reply in self._replies:
                await stream.send(reply)

    def array(self) -> bytes:
        """The replies as one JSON array."""
        return b"[" + b",".join(self._replies) + b"]"

    async def _run(self, call: Call, stream: NumberedStream) -> None:
        try:
            with Watch(self._runs) as self._session.running[call.key]:
                reply = await self._app.answer(call, stream)
                if stream.begun:
                    await stream.send(reply.data)
                else:
                    self._replies.append(reply.data)
        finally:
            self._session.ended(call)

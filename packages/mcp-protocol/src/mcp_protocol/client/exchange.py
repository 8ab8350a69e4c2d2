"""Requests of one connection: ids, the envelope of 2026-07-28, progress, deadlines; errors become exceptions."""

from collections.abc import Mapping
from contextlib import nullcontext
from itertools import count
from typing import Any

from msgspec import Raw, Struct

from mcp_protocol.client.background import Background
from mcp_protocol.client.deadlines import deadline
from mcp_protocol.client.inbox import Inbox, OnProgress
from mcp_protocol.client.link import Link, Outgoing
from mcp_protocol.client.remote import RemoteError
from mcp_protocol.errors import DeadlineExceeded
from mcp_protocol.jsonrpc import ErrorResponse, encode_notification, encode_request
from mcp_protocol.revisions import LATEST, MODERN, Revision
from mcp_protocol.types import (
    CLIENT_CAPABILITIES,
    CLIENT_INFO,
    LOG_LEVEL,
    PROTOCOL_VERSION,
    ClientCapabilities,
    Implementation,
    LoggingLevel,
)
from mcp_protocol.types.wire import encode_params

# Which parameter says what a request is about.
_SUBJECT = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}


class Terms(Struct, frozen=True):
    """Who this client is and what it offers."""

    client_info: Implementation
    capabilities: ClientCapabilities


class Extras(Struct, frozen=True, kw_only=True):
    """What a single request may carry beside its params."""

    on_progress: OnProgress | None = None
    meta: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = {}
    deadline: float | None = None
    """Seconds; None for the connection's own, infinity for none."""


NO_EXTRAS = Extras()


class Exchange:
    """Sends requests under the revision of the moment."""

    def __init__(self, link: Link, inbox: Inbox, terms: Terms, *, deadline: float, background: Background) -> None:
        """`deadline` in seconds, for requests that do not say; `background` for what runs beside the caller."""
        self.background = background
        self.link = link
        self.inbox = inbox
        self.terms = terms
        self.log_level: LoggingLevel | None = None
        self.deadline = deadline
        self._ids = count(1)
        self.adopt(LATEST)

    def adopt(self, revision: Revision) -> None:
        """Speak this revision from now on."""
        self.revision = revision
        self.inbox.revision = revision
        self.link.settle(revision)
        self.client_info = Raw(encode_params(self.terms.client_info, revision))
        self.capabilities = Raw(encode_params(self.terms.capabilities, revision))

    async def request(self, method: str, params: Mapping[str, Any] | None = None, extras: Extras = NO_EXTRAS) -> Raw:
        """The raw result.

        Raises:
            RemoteError: the server answered with an error.
            DeadlineExceeded: no answer came in time; the server was told.
            TransportError: the connection is lost.
        """
        return await self.send(self.prepare(method, params, extras), extras)

    def prepare(self, method: str, params: Mapping[str, Any] | None, extras: Extras = NO_EXTRAS) -> Outgoing:
        """The encoded request, under an id of its own."""
        number = next(self._ids)
        members = dict(params or {})
        if meta := self._meta(number, extras):
            members["_meta"] = meta
        subject = members.get(_SUBJECT.get(method, ""))
        return Outgoing(
            id=number,
            method=method,
            data=encode_request(number, method, members or None),
            revision=self.revision,
            name=subject if isinstance(subject, str) else None,
            headers=extras.headers,
        )

    async def send(self, call: Outgoing, extras: Extras = NO_EXTRAS) -> Raw:
        """The raw result of a prepared request; raises what `request` raises."""
        seconds = self.deadline if extras.deadline is None else extras.deadline
        try:
            with self.inbox.progress(call.id, extras.on_progress) if extras.on_progress else nullcontext():
                async with deadline(seconds):
                    answer = await self.link.request(call)
        except TimeoutError as error:
            raise DeadlineExceeded(f"No answer to {call.method} within {seconds:g} s") from error
        if isinstance(answer, ErrorResponse):
            raise RemoteError.of(answer.error)
        return answer.result

    async def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        await self.link.post(encode_notification(method, params))

    def _meta(self, number: int, extras: Extras) -> dict[str, Any]:
        meta = dict(extras.meta or {})
        if extras.on_progress:
            meta["progressToken"] = number
        if self.revision in MODERN:
            meta[PROTOCOL_VERSION] = self.revision
            meta[CLIENT_INFO] = self.client_info
            meta[CLIENT_CAPABILITIES] = self.capabilities
            if self.log_level:
                meta[LOG_LEVEL] = self.log_level
        return meta

"""Holds every message that a server sends in a test against the official models of the revision it is sent in.

It listens where a connection in memory hands messages over, in both directions, and changes nothing.
"""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, cast

import msgspec
from msgspec import Struct, field

from mcp_protocol.revisions import Revision
from mcp_protocol.transports.memory import MemoryEnd

ENVELOPE = "io.modelcontextprotocol/protocolVersion"
STANDARD = {-32700, -32600, -32601, -32602, -32603}
CODES = {"legacy": STANDARD | {-32002}, "modern": STANDARD | {-32020, -32021, -32022}}
# Results of extensions: the official models are of the core protocol.
CORE = {None, "complete", "input_required"}

Message = dict[str, Any]


class Tap:
    """What is known of one connection: the revision of its session, and which method each request was."""

    def __init__(self) -> None:
        self.session = Revision.V2024_11_05
        self.asked: dict[str, tuple[str, Revision]] = {}

    def sent(self, data: bytes) -> None:
        """A client's message, which may be anything."""
        with suppress(ValueError):
            for message in _members(data):
                self._remember(message)

    def _remember(self, message: Any) -> None:
        with suppress(AttributeError, KeyError, TypeError):  # whatever is no request is not remembered
            revision = _envelope(message) or self.session
            self.asked[json.dumps(message.get("id"))] = (message["method"], revision)

    def written(self, data: bytes) -> None:
        """A server's message, which must be right."""
        for message in _members(data):
            self._judge(message)

    def _judge(self, message: Message) -> None:
        if "method" in message:
            _is_known("SERVER_REQUESTS" if "id" in message else "SERVER_NOTIFICATIONS", message["method"], message)
            return
        method, revision = self.asked.pop(json.dumps(message.get("id")), ("", self.session))
        if "error" in message:
            assert message["error"]["code"] in CODES[revision.era.value], message
            assert isinstance(message["error"]["message"], str), message
            return
        if method == "initialize":
            self.session = Revision(message["result"]["protocolVersion"])
            revision = self.session
        assert ("resultType" in message["result"]) is (revision is Revision.V2026_07_28), message
        if message["result"].get("resultType") in CORE:
            _fits("SERVER_RESULTS", method, revision, message["result"])


@contextmanager
def tapped() -> Generator[None]:
    """Listen to all connections in memory while the block runs; what was wrong is raised at its end."""
    taps: dict[int, tuple[MemoryEnd, Tap]] = {}
    faults: list[Exception] = []

    def tap(end: MemoryEnd) -> Tap:
        return taps.setdefault(id(end), (end, Tap()))[1]

    def listen(judge: Callable[[bytes], None], data: bytes) -> None:
        try:
            judge(data)
        except (AssertionError, ValueError) as fault:
            faults.append(fault)

    send, write = MemoryEnd.send, MemoryEnd.write

    async def heard(self: MemoryEnd, message: bytes) -> None:
        listen(tap(self).sent, message)
        await send(self, message)

    def overheard(self: MemoryEnd, line: bytes) -> None:
        listen(tap(self).written, line)
        write(self, line)

    MemoryEnd.send, MemoryEnd.write = heard, overheard
    try:
        yield
    finally:
        MemoryEnd.send, MemoryEnd.write = send, write
    if faults:
        raise ExceptionGroup("a server sent what its revision does not have", faults)


class _Meta(Struct):
    version: Any = field(default=None, name=ENVELOPE)


class _Params(Struct):
    meta: _Meta = field(default_factory=_Meta, name="_meta")


class _Request(Struct):
    params: _Params = field(default_factory=_Params)


def _members(data: bytes) -> list[Any]:
    """The messages of a batch, or the one."""
    found: Any = json.loads(data)
    return cast("list[Any]", found) if isinstance(found, list) else [found]


def _envelope(message: Message) -> Revision | None:
    """The era that the request names, by whatever name of a revision."""
    try:
        named = msgspec.convert(message, _Request).params.meta.version
    except msgspec.ValidationError:
        return None
    return None if named is None else Revision.V2026_07_28


def _is_known(table: str, method: str, message: Message) -> None:
    """A notification may belong to a call of either era: it must fit one of the revisions that have it."""
    revisions = [revision for name, revision in _tables()[table] if name == method]
    if method.startswith("notifications/tasks"):
        return
    assert revisions, f"no revision has {method}"
    faults = [fault for revision in revisions if (fault := _fault(table, method, Revision(revision), message))]
    assert len(faults) < len(revisions), faults


def _fits(table: str, method: str, revision: Revision, value: Message) -> None:
    fault = _fault(table, method, revision, value)
    assert fault is None, fault


def _fault(table: str, method: str, revision: Revision, value: Message) -> str | None:
    target = _tables()[table].get((method, revision.value))
    if target is None:
        return None
    try:
        _adapter(target).validate_python(value)
    except ValueError as error:
        return f"{method} of {revision}: {error}"
    return None


@cache
def _tables() -> dict[str, Any]:
    from mcp_types import methods  # noqa: PLC0415  slow to import, and not every test sends anything

    return {name: getattr(methods, name) for name in ("SERVER_RESULTS", "SERVER_NOTIFICATIONS", "SERVER_REQUESTS")}


@cache
def _adapter(target: Any) -> Any:
    from pydantic import TypeAdapter  # noqa: PLC0415  as above

    return TypeAdapter(target)

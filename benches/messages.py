"""Requests as bytes that need only their id filled in, and the check of an answer."""

from typing import Any, NamedTuple

import msgspec

REVISIONS = {"2025": "2025-11-25", "2026": "2026-07-28"}
CLIENT = {"name": "bench", "version": "1"}
INITIALIZED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
_MARK = "@id@"


class Failed(RuntimeError):
    """The server answered with an error, not at all, or ended."""


class Answer(msgspec.Struct):
    """The parts of an answer that the client looks at."""

    id: int | str | None = None
    method: str | None = None
    result: msgspec.Raw = msgspec.Raw(b"")
    error: msgspec.Raw = msgspec.Raw(b"")


class Request(NamedTuple):
    """A request split at its id; `name` is what HTTP mirrors into Mcp-Name."""

    method: str
    name: str
    head: bytes
    tail: bytes

    def numbered(self, ident: int) -> bytes:
        """The whole message."""
        return b"%b%d%b" % (self.head, ident, self.tail)


def request(era: str, method: str, params: dict[str, Any]) -> Request:
    """A request as that era wants it."""
    full = dict(params)
    if era == "2026":
        full["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": REVISIONS[era],
            "io.modelcontextprotocol/clientInfo": CLIENT,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    body = msgspec.json.encode({"jsonrpc": "2.0", "id": _MARK, "method": method, "params": full})
    head, _, tail = body.partition(f'"{_MARK}"'.encode())
    return Request(method, str(params.get("name", "")), head, tail)


def call(era: str, tool: str, **arguments: object) -> Request:
    """A call of one tool."""
    return request(era, "tools/call", {"name": tool, "arguments": arguments})


def opening(era: str) -> Request:
    """The first request of a client."""
    if era == "2026":
        return request(era, "server/discover", {})
    return request(era, "initialize", {"protocolVersion": REVISIONS[era], "capabilities": {}, "clientInfo": CLIENT})


_decode = msgspec.json.Decoder(Answer).decode


def answer(line: bytes) -> Answer:
    """The decoded message; an error, or a tool's own failure, raises."""
    found = _decode(line)
    result = bytes(found.result)
    if found.error or b'"isError":true' in result[-300:] or b'"isError":true' in result[:300]:
        raise Failed(line[:400].decode(errors="replace"))
    return found

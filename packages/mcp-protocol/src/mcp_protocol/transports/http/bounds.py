"""The bounds of one HTTP listener, with the answer that exceeding each gets. Pure data."""

from msgspec import Struct

from mcp_protocol.limits import KIB, MIB


class Bounds(Struct, frozen=True, kw_only=True):
    """What the parser lets through before any application sees it; sizes in bytes, times in seconds."""

    head: int = 32 * KIB
    """Request line and header fields. Over it: 431."""
    fields: int = 100
    """Header fields. Over it: 431."""
    url: int = 8 * KIB
    """The request target. Over it: 414."""
    raw: int = 8 * MIB + 64 * KIB
    """All bytes of one request: chunk extensions and trailers are otherwise free. Over it: 413, close."""
    pipelined: int = 16
    """Requests sent before the answers to those ahead of them. Over it: close."""
    connections: int = 4096
    """Open connections. Over it: the newest is closed."""
    head_seconds: float = 10
    """From the first byte, or the connection, to the end of the head. Over it: 408 or close."""
    body_seconds: float = 30
    """From the end of the head to the end of the body. Over it: 408, close."""
    idle_seconds: int = 30
    """Between two requests. Over it: close."""
    stalled_seconds: float = 30
    """A reader that takes no byte of its answer. Over it: the connection is dropped."""
    linger_seconds: float = 2
    """How long a refused connection is still read, so that the refusal arrives and no reset overtakes it."""

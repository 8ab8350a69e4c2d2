"""Heads of HTTP/1 messages as a proxy needs them: strict, bounded, and without what is for one hop only. Pure."""

import re
from collections.abc import Callable

from msgspec import Struct

MOST_BYTES = 256 * 1024
_LINE = re.compile(rb"([A-Z]{1,20}) ([!-~]{1,16384}) HTTP/1\.[01]")
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\x00\r\n]*)?")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What another reader might take for the end of a line.
_CONTROL = re.compile(rb"[\x00\r\n]")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;[^\x00\r\n]*)?\r\n")
_HOP = frozenset({b"connection", b"keep-alive", b"te", b"upgrade", b"trailer"})
_GUARD = b"x-mcp-guard"
_NO_BODY = frozenset({204, 304})
_SUCCESS = 200

Fields = list[tuple[bytes, bytes]]


class BadMessage(ValueError):
    """Not HTTP as browsers and servers speak it."""


class RequestHead(Struct, frozen=True):
    """A request that a proxy got."""

    method: bytes
    target: bytes
    fields: Fields


class ResponseHead(Struct, frozen=True):
    """A response of a server."""

    status: int
    line: bytes
    fields: Fields
    minor: int = 1
    """HTTP/1.1, or an older server's HTTP/1.0."""


class Framing(Struct, frozen=True):
    """Where a body ends: after `length` bytes, with its last chunk, or with the connection."""

    length: int | None
    chunked: bool = False

    @property
    def until_close(self) -> bool:
        """Whether only the end of the connection ends it."""
        return self.length is None and not self.chunked


def read_request(head: bytes) -> RequestHead:
    """Read the head of a request.

    Raises:
        BadMessage: it is none.
    """
    line, fields = _parts(head)
    found = _LINE.fullmatch(line)
    if not found:
        raise BadMessage("request line")
    return RequestHead(found[1], found[2], fields)


def read_response(head: bytes) -> ResponseHead:
    """Read the head of a response.

    Raises:
        BadMessage: it is none.
    """
    line, fields = _parts(head)
    found = _STATUS.fullmatch(line)
    if not found:
        raise BadMessage("status line")
    return ResponseHead(int(found[2]), line, fields, int(found[1]))


def request_framing(head: RequestHead) -> Framing:
    """Where the body of a request ends; without a length there is none.

    Raises:
        BadMessage: two lengths, or a length and chunks: whoever believes the other one can be smuggled a request.
    """
    framing = _framing(head.fields)
    return Framing(0) if framing.until_close else framing


def response_framing(head: ResponseHead, method: bytes) -> Framing:
    """Where the body of a response ends.

    Raises:
        BadMessage: it contradicts itself.
    """
    if method == b"HEAD" or head.status in _NO_BODY or head.status < _SUCCESS:
        return Framing(0)
    framing = _framing(head.fields)
    if framing.chunked and head.minor == 0:
        raise BadMessage("chunks in HTTP/1.0")  # browsers read such a body to the end of the connection
    return framing


def chunk_size(line: bytes) -> int:
    """How long the chunk after this line is, read as strictly as browsers read it.

    Raises:
        BadMessage: the line does not say.
    """
    found = _CHUNK.fullmatch(line)
    if not found:
        raise BadMessage("chunk")
    return int(found[1], 16)


def onward(fields: Fields, keep: Callable[[bytes], bool] = lambda _: True) -> Fields:
    """The fields that go on to the next hop."""
    named = {
        name.strip().lower() for key, value in fields if key.lower() == b"connection" for name in value.split(b",")
    }
    dropped = _HOP | named
    return [
        (key, value)
        for key, value in fields
        if (low := key.lower()) not in dropped and not low.startswith(b"proxy-") and low != _GUARD and keep(low)
    ]


def written(line: bytes, fields: Fields) -> bytes:
    """A head as bytes."""
    return b"".join([line, b"\r\n", *(b"%b: %b\r\n" % field for field in fields), b"\r\n"])


def _parts(head: bytes) -> tuple[bytes, Fields]:
    line, *rest = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    fields: Fields = []
    for one in rest:
        name, colon, value = one.partition(b":")
        if not colon or not _NAME.fullmatch(name) or _CONTROL.search(value):
            raise BadMessage("field")
        fields.append((name, value.strip(b" \t")))
    return line, fields


def _framing(fields: Fields) -> Framing:
    lengths = {value for key, value in fields if key.lower() == b"content-length"}
    coding = [value.lower() for key, value in fields if key.lower() == b"transfer-encoding"]
    if coding:
        if lengths or coding != [b"chunked"]:
            raise BadMessage("framing")
        return Framing(None, chunked=True)
    if not lengths:
        return Framing(None)
    [length, *others] = lengths
    if others or not length.isdigit() or len(length) > 15:  # noqa: PLR2004  a petabyte
        raise BadMessage("length")
    return Framing(int(length))

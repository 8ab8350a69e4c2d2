"""Inflaters that never give more than was asked for: a bomb is met one small step at a time. Pure but for brotli."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from mcp_ref_fetch.faults import DecodeFault

STEP = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
# Each costs as much as the bytes that follow it, even if there is nothing in it.
_MOST_MEMBERS = 1000


class Inflater(Protocol):
    """Turns the bytes of the wire into those of the body."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded bytes, in pieces of at most `STEP`."""
        ...

    def finish(self) -> None:
        """Say that no more comes.

        Raises:
            DecodeFault: the body ended early.
        """
        ...


class Identity:
    """No encoding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The same bytes."""
        yield data

    def finish(self) -> None:
        """Nothing can be missing that HTTP would not have noticed."""


class Zlib:
    """gzip with any number of members, or deflate with or without its header (RFC 9110 8.4.1)."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._inflater: Any = None
        self._ended = False
        self._members = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Inflate, at most `STEP` bytes at a time."""
        while data and not self._ended:
            if self._inflater is None:
                self._inflater = self._begin(data)
            try:
                yield self._inflater.decompress(data, STEP)
            except zlib.error as error:
                raise DecodeFault("The body is not the compressed data that it claims to be.") from error
            data = self._inflater.unconsumed_tail
            if self._inflater.eof:
                data = self._next_member()
            elif not data:
                yield from self._held()

    def finish(self) -> None:
        """Say that no more comes."""
        if not self._ended and self._inflater is not None and not self._inflater.eof:
            raise DecodeFault("The compressed body ends before its end.", retryable=True)

    def _held(self) -> Iterator[bytes]:
        """What zlib keeps inside when the output was full and the input used up."""
        while not self._inflater.eof and (more := self._inflater.decompress(b"", STEP)):
            yield more

    def _begin(self, data: bytes) -> Any:
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise DecodeFault(f"The body consists of more than {_MOST_MEMBERS} compressed parts.")
        if self._gzip:
            return zlib.decompressobj(zlib.MAX_WBITS | 16)
        # The header's check bits; some servers send deflate without it.
        wrapped = len(data) > 1 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0  # noqa: PLR2004  RFC 1950
        return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)

    def _next_member(self) -> bytes:
        rest: bytes = self._inflater.unused_data
        if self._gzip and rest.startswith(_GZIP_MAGIC):
            self._inflater = None
            return rest
        self._ended = True  # padding after the last member is ignored, as gzip does
        return b""


class Brotli:
    """brotli, where its package is installed."""

    def __init__(self) -> None:
        import brotli  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  an extra, without types

        library: Any = brotli
        self._error: type[Exception] = library.error
        self._inflater: Any = library.Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Inflate, at most about `STEP` bytes at a time."""
        try:
            yield self._inflater.process(data, output_buffer_limit=STEP)
            while not self._inflater.can_accept_more_data():
                yield self._inflater.process(b"", output_buffer_limit=STEP)
        except self._error as error:
            raise DecodeFault("The body is not the compressed data that it claims to be.") from error

    def finish(self) -> None:
        """Say that no more comes."""
        if not self._inflater.is_finished():
            raise DecodeFault("The compressed body ends before its end.", retryable=True)


def inflater(encoding: str) -> Inflater:
    """The inflater for a Content-Encoding header.

    Raises:
        DecodeFault: more than one encoding, or one that was not offered.
    """
    name = encoding.strip().lower()
    make = _MAKERS.get(name)
    if make is None or name not in {*accepted().split(", "), "", "identity", "x-gzip"}:
        raise DecodeFault("The body is encoded in a way that was not asked for.")
    return make()


def accepted() -> str:
    """The value of Accept-Encoding: what can be inflated here."""
    from importlib.util import find_spec  # noqa: PLC0415  asked once a request

    return "gzip, deflate, br" if find_spec("brotli") else "gzip, deflate"


_MAKERS: dict[str, Callable[[], Inflater]] = {
    "": Identity,
    "identity": Identity,
    "gzip": lambda: Zlib(gzip=True),
    "x-gzip": lambda: Zlib(gzip=True),
    "deflate": lambda: Zlib(gzip=False),
    "br": Brotli,
}

"""RESP2 and RESP3 as plain functions over bytes: commands packed, replies decoded within bounds. Pure.

What a reply announces (bytes of a string, members of an aggregate) is judged before any of it is waited for, so a reply
that would not fit is refused after its first line. Nesting is a stack of ours: no reply can exhaust Python's.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct

CRLF = b"\r\n"
# A header line holds a type and a number, a simple string or an error; the engines' errors stay far below.
MOST_LINE = 64 * 1024
# COMMAND of an engine with all modules has about 30 000 values; more than this is a reply nobody can read.
MOST_VALUES = 1_000_000
MOST_DEPTH = 64
# What an empty one takes here; on the wire it is four bytes.
_AGGREGATE_BYTES = 64
# What Python itself takes for a number; nobody counts so far.
_MOST_DIGITS = 4000
# Consumed bytes are cut off the buffer once there are so many: cutting costs a copy of what is left.
_CUT = 64 * 1024


class TooLarge(Exception):
    """A reply announces more than is allowed; what is left of it on the wire is lost with the connection."""

    def __init__(self, what: str, announced: int, most: int) -> None:
        super().__init__(f"{announced} {what}, at most {most}")
        self.what = what
        self.announced = announced
        self.most = most


class Garbled(Exception):
    """What came is not RESP."""


class Fault(Struct, frozen=True):
    """An error reply; it may stand inside an aggregate, as EXEC has them."""

    text: str

    @property
    def word(self) -> str:
        """Its first word, such as WRONGTYPE."""
        return self.text.split(" ", 1)[0]


class Push(Struct, frozen=True):
    """A frame of RESP3 that answers no command."""

    items: list[Any]


class _Missing:
    """The type of `MISSING`."""


MISSING = _Missing()


class _Open:
    """An aggregate whose members are still to come."""

    __slots__ = ("close", "items", "left")

    def __init__(self, left: int, close: Callable[[list[Any]], Any]) -> None:
        self.left = left
        self.close = close
        self.items: list[Any] = []


_DISCARD = _Missing()


def pack(arguments: Sequence[bytes]) -> bytes:
    """One command as a vector of length-prefixed strings; no byte in them can mean anything else."""
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        parts += (b"$%d\r\n" % len(argument), argument, CRLF)
    return b"".join(parts)


def pack_all(commands: Iterable[Sequence[bytes]]) -> bytes:
    """Several commands for one write."""
    return b"".join([pack(command) for command in commands])


class Decoder:
    """Bytes in any portions in; whole replies out."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._buffer = bytearray()
        self._position = 0
        self._open: list[_Open] = []
        self._awaited: tuple[int, Callable[[bytes], Any]] | None = None
        self._announced = 0
        self._values = 0
        self._readers: dict[int, Callable[[bytes], Any]] = {
            ord("+"): bytes,
            ord("-"): _fault,
            ord(":"): _integer,
            ord("$"): self._string,
            ord("*"): self._list,
            ord("_"): _null,
            ord("#"): _boolean,
            ord(","): _double,
            ord("("): _integer,
            ord("!"): self._bulk_error,
            ord("="): self._verbatim,
            ord("%"): self._map,
            ord("~"): self._list,
            ord(">"): self._push,
            ord("|"): self._attribute,
        }

    @property
    def clean(self) -> bool:
        """Whether every byte that came has been given out in whole replies."""
        return self._position == len(self._buffer) and not self._open and self._awaited is None

    def renew(self) -> None:
        """Begin a new exchange: the bounds hold for all its replies together. In the middle of one nothing begins."""
        if not self._open and self._awaited is None:
            self._announced = self._values = 0

    def feed(self, data: bytes) -> None:
        """Take what came."""
        self._buffer += data

    def take(self) -> Any:
        """The next whole reply, or MISSING.

        Raises:
            TooLarge: it would exceed the bounds.
            Garbled: it is no reply.
        """
        while True:
            value = self._value()
            if value is MISSING:
                return MISSING
            whole = self._placed(value)
            if whole is not _DISCARD:
                return whole

    def _value(self) -> Any:
        """One scalar or the beginning of an aggregate."""
        if self._awaited is None:
            line = self._line()
            if line is None:
                return MISSING
            reader = self._readers.get(line[0]) if line else None
            if reader is None:
                raise Garbled(f"a reply cannot begin with {bytes(line[:1])!r}")
            value = reader(bytes(line[1:]))
            if self._awaited is None:
                return value
        return self._awaited_string()

    def _line(self) -> bytearray | None:
        end = self._buffer.find(CRLF, self._position)
        if end < 0:
            if len(self._buffer) - self._position > MOST_LINE:
                raise TooLarge("bytes in a line", len(self._buffer) - self._position, MOST_LINE)
            return None
        line = self._buffer[self._position : end]
        self._announce(len(line), 1)
        self._move(end + 2)
        return line

    def _awaited_string(self) -> Any:
        assert self._awaited is not None  # noqa: S101  for the type checker
        size, convert = self._awaited
        end = self._position + size
        if len(self._buffer) < end + 2:
            return MISSING
        if not self._buffer.startswith(CRLF, end):
            raise Garbled("a string does not end where it said")
        data = bytes(memoryview(self._buffer)[self._position : end])
        self._awaited = None
        self._move(end + 2)
        return convert(data)

    def _move(self, position: int) -> None:
        if position == len(self._buffer):
            self._buffer.clear()
            position = 0
        elif position > _CUT:
            del self._buffer[:position]
            position = 0
        self._position = position

    def _placed(self, value: Any) -> Any:
        """Put a value where it belongs; what is whole by that, else _DISCARD."""
        if isinstance(value, _Open):
            if value.left:
                self._deepen(value)
                return _DISCARD
            value = value.close(value.items)
        while self._open and value is not _DISCARD:
            top = self._open[-1]
            top.items.append(value)
            top.left -= 1
            if top.left:
                return _DISCARD
            self._open.pop()
            value = top.close(top.items)
        return value

    def _deepen(self, aggregate: _Open) -> None:
        if len(self._open) >= MOST_DEPTH:
            raise TooLarge("levels", MOST_DEPTH + 1, MOST_DEPTH)
        self._open.append(aggregate)

    def _announce(self, size: int, values: int) -> None:
        self._announced += size
        if self._announced > self.most_bytes:
            raise TooLarge("bytes", self._announced, self.most_bytes)
        self._values += values
        if self._values > MOST_VALUES:
            raise TooLarge("values", self._values, MOST_VALUES)

    def _wait_for(self, text: bytes, convert: Callable[[bytes], Any]) -> None:
        size = _size(text)
        if size is None:
            raise Garbled("a string of no length")
        self._announce(size, 0)
        self._awaited = (size, convert)

    def _string(self, text: bytes) -> None:
        if text != b"-1":  # RESP2's null
            self._wait_for(text, bytes)

    def _bulk_error(self, text: bytes) -> None:
        self._wait_for(text, _fault)

    def _verbatim(self, text: bytes) -> None:
        self._wait_for(text, _after_format)

    def _list(self, text: bytes) -> Any:
        return None if text == b"-1" else self._begin(text, 1, _same)

    def _map(self, text: bytes) -> _Open:
        return self._begin(text, 2, Pairs)

    def _push(self, text: bytes) -> _Open:
        if self._open:
            raise Garbled("a push frame inside a reply")
        return self._begin(text, 1, Push)

    def _attribute(self, text: bytes) -> _Open:
        return self._begin(text, 2, _discard)

    def _begin(self, text: bytes, each: int, close: Callable[[list[Any]], Any]) -> _Open:
        count = _size(text)
        if count is None:
            raise Garbled("an aggregate of no length")
        # A member takes three bytes at least, so this bounds what is yet to be announced.
        if count * each > MOST_VALUES - self._values:
            raise TooLarge("values", self._values + count * each, MOST_VALUES)
        self._announce(_AGGREGATE_BYTES, 0)
        return _Open(count * each, close)


class Pairs(list[Any]):
    """The members of a map, keys and values in turn: what RESP2 sends as a list, so that both read alike."""


def _size(text: bytes) -> int | None:
    """A length: digits and nothing else, few enough to be one."""
    return int(text) if text.isdigit() and len(text) <= 18 else None  # noqa: PLR2004  below 2**63


def _fault(text: bytes) -> Fault:
    return Fault(text.decode("utf-8", "replace"))


def _integer(text: bytes) -> int:
    # int() takes blanks and underscores, and is quadratic in the number of digits.
    if not text.removeprefix(b"-").isdigit() or len(text) > _MOST_DIGITS:
        raise Garbled("not an integer")
    return int(text)


def _null(text: bytes) -> None:
    if text:
        raise Garbled("a null with a text")


def _boolean(text: bytes) -> bool:
    if text not in (b"t", b"f"):
        raise Garbled("not a boolean")
    return text == b"t"


def _double(text: bytes) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise Garbled("not a number") from error


def _after_format(text: bytes) -> bytes:
    return text[4:]  # "txt:" or "mkd:"


def _same(items: list[Any]) -> list[Any]:
    return items


def _discard(items: list[Any]) -> Any:
    del items
    return _DISCARD

"""Which bytes of a file some lines are, found without holding the file. Pure, over a function that reads bytes.

A line ends at LF; a final LF begins no further line. Wide encodings (UTF-16, UTF-32) are counted as characters.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

from mcp_ref_kit.content.encodings import Encoding

# Small enough to stay in the cache, large enough that the calls do not count; a multiple of every unit.
BLOCK = 64 * 1024
# From the end the wanted lines are usually near.
TAIL_BLOCK = 64 * 1024
# A few lines of a file that is not held mostly fit in here.
_FIRST = 8 * 1024

Read = Callable[[int, int], bytes]
Check = Callable[[], None]


def carry_on() -> None:
    """The check of work that is short anyway."""


class Source(Struct, frozen=True, kw_only=True):
    """A file as lines see it: how to read it, how long it was when it was opened, how its bytes stand for text.

    `check` is called for each block and may raise: a sparse file of a terabyte has no line feed anywhere.
    """

    read: Read
    size: int
    encoding: Encoding
    check: Check = carry_on
    block: int = BLOCK

    @classmethod
    def of_bytes(cls, data: bytes, encoding: Encoding) -> "Source":
        """A file that is small enough to be held; asking for all of it copies nothing."""
        size = len(data)
        read: Read = lambda start, length: data[start : start + length]  # noqa: E731  it closes over the data
        return cls(read=read, size=size, encoding=encoding, block=max(size, 1))

    @property
    def start(self) -> int:
        """Where the text begins: after the byte order mark."""
        return len(self.encoding.mark)

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` to `end`, or to where the file ends by now."""
        at = start
        while at < end:
            self.check()
            block = self.read(at, min(self.block, end - at))
            if not block:
                return
            yield block
            at += len(block)


class Window(Struct, frozen=True, kw_only=True):
    """A run of bytes to show: where it is, whether it reaches the end of what was wanted, and of the file.

    `whole_lines` is false where a line was cut because it alone is too long.
    """

    start: int
    data: bytes
    complete: bool
    at_end: bool
    whole_lines: bool = True


def line_feeds(data: bytes, encoding: Encoding) -> int:
    """How many line feeds there are."""
    if encoding.unit == 1:
        return data.count(b"\n")
    return data.decode(encoding.name, "ignore").count("\n")


def after_line_feed(data: bytes, number: int, encoding: Encoding) -> int:
    """How many bytes there are up to the end of the line feed of this number; there are at least as many."""
    if encoding.unit == 1:
        return len(data) - len(data.split(b"\n", number)[number])
    text = data.decode(encoding.name, "replace")
    kept = len(text) - len(text.split("\n", number)[number])
    return len(text[:kept].encode(encoding.name, "surrogatepass"))


def last_line_end(data: bytes, encoding: Encoding) -> int:
    """How many bytes there are up to the end of the last line feed, 0 without one."""
    feed = "\n".encode(encoding.name)
    at = data.rfind(feed)
    while at >= 0 and at % encoding.unit:
        at = data.rfind(feed, 0, at + len(feed) - 1)
    return 0 if at < 0 else at + len(feed)


def skip_lines(source: Source, number: int) -> int | None:
    """Where the line after `number` lines begins, or None if there are not so many line feeds."""
    at = source.start
    if number == 0:
        return at
    for block in source.blocks(at, source.size):
        found = line_feeds(block, source.encoding)
        if found >= number:
            return at + after_line_feed(block, number, source.encoding)
        number -= found
        at += len(block)
    return None


def skip_back(source: Source, number: int, *, within: int | None = None) -> int:
    """Where the last `number` lines begin; the start of the text if it has not so many.

    With `within`, anywhere further from the end than that many bytes will do.
    """
    end = source.size
    least = source.start if within is None else max(source.start, source.size - within)
    unit = source.encoding.unit
    wanted = number + _ends_in_feed(source)
    while end > least:
        source.check()
        begin = max(source.start, end - TAIL_BLOCK - (end - source.start) % unit)
        block = source.read(begin, end - begin)
        found = line_feeds(block, source.encoding)
        if found >= wanted:
            return begin + after_line_feed(block, found - wanted + 1, source.encoding)
        wanted -= found
        end = begin
    return end


def window(source: Source, start: int, *, most_lines: int | None, most_bytes: int) -> Window:
    """From `start` as many lines as were asked for and have room; at least a part of the first one."""
    room = min(most_bytes, max(source.size - start, 0))
    length = room if most_lines is None else min(room, _FIRST)
    while True:
        data = source.read(start, length)
        at_end = start + len(data) >= source.size
        if most_lines is not None and (cut := _after_lines(data, most_lines, source.encoding)) is not None:
            return Window(start=start, data=data[:cut], complete=True, at_end=at_end and cut == len(data))
        if length >= room or len(data) < length:
            break
        length = min(room, length * 8)
    if at_end or len(data) < most_bytes:
        return Window(start=start, data=data, complete=True, at_end=True)
    cut = last_line_end(data, source.encoding)
    if cut:
        return Window(start=start, data=data[:cut], complete=False, at_end=False)
    return Window(start=start, data=data, complete=False, at_end=False, whole_lines=False)


def tail_window(source: Source, start: int, *, most_bytes: int) -> Window:
    """From `start` to the end of the file, or, where that is too much, only the last lines of it."""
    length = source.size - start
    if length <= most_bytes:
        return Window(start=start, data=source.read(start, length), complete=True, at_end=True)
    begin = source.size - most_bytes
    begin += (source.start - begin) % source.encoding.unit
    data = source.read(begin, source.size - begin)
    if line_feeds(data[: -source.encoding.unit], source.encoding) == 0:
        return Window(start=begin, data=data, complete=False, at_end=True, whole_lines=False)
    cut = after_line_feed(data, 1, source.encoding)
    return Window(start=begin + cut, data=data[cut:], complete=False, at_end=True)


def _after_lines(data: bytes, most: int, encoding: Encoding) -> int | None:
    """Where `most` lines end, or None if they do not end in here."""
    return after_line_feed(data, most, encoding) if line_feeds(data, encoding) >= most else None


def _ends_in_feed(source: Source) -> bool:
    feed = "\n".encode(source.encoding.name)
    return source.size - source.start >= len(feed) and source.read(source.size - len(feed), len(feed)) == feed

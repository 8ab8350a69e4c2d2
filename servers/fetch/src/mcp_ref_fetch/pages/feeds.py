"""Sitemaps and feeds: XML without any document type, so no entity can grow or reach out; blocking, for a worker."""

import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from msgspec import Struct

from mcp_ref_fetch.faults import DecodeFault, TooLarge
from mcp_ref_fetch.text.clean import cleaned

MOST_ENTRIES = 50_000
_LONGEST = 2000
_GZIP = b"\x1f\x8b"
_TAGS = re.compile(r"<[^>]{0,1000}>")


class Located(Struct, frozen=True, omit_defaults=True):
    """A page of a sitemap, or another sitemap."""

    loc: str
    lastmod: str | None = None


class FeedEntry(Struct, frozen=True, omit_defaults=True):
    """One entry of a feed."""

    title: str | None = None
    link: str | None = None
    date: str | None = None
    summary: str | None = None


class Element(Struct, kw_only=True):
    """One record of a document: the texts of its children by their local names."""

    kind: str
    texts: dict[str, str]
    links: dict[str, str]


def read_sitemap(body: bytes, most_bytes: int) -> tuple[list[Located], bool]:
    """The URLs of a sitemap in their order, and whether it is an index of sitemaps.

    Raises:
        DecodeFault: it is no XML, or has a document type.
        TooLarge: it is too much when it is unpacked.
    """
    found = list(_records(_unpacked(body, most_bytes), frozenset({"url", "sitemap"})))
    places = [Located(record.texts["loc"], record.texts.get("lastmod")) for record in found if record.texts.get("loc")]
    return places, any(record.kind == "sitemap" for record in found)


def read_feed(body: bytes, most_bytes: int) -> list[FeedEntry]:
    """The entries of an RSS or Atom feed in their order.

    Raises:
        DecodeFault: it is no XML, or has a document type.
    """
    return [_entry(record) for record in _records(_unpacked(body, most_bytes), frozenset({"item", "entry"}))]


def _entry(record: Element) -> FeedEntry:
    texts = record.texts
    summary = texts.get("summary") or texts.get("description") or texts.get("content") or texts.get("encoded")
    return FeedEntry(
        title=texts.get("title"),
        link=record.links.get("alternate") or texts.get("link") or next(iter(record.links.values()), None),
        date=texts.get("published") or texts.get("pubDate") or texts.get("updated") or texts.get("date"),
        summary=None if summary is None else _plain(summary),
    )


def _plain(text: str) -> str:
    return " ".join(_TAGS.sub(" ", text).split())[:500]


def _records(body: bytes, kinds: frozenset[str]) -> Iterator[Element]:
    reader = _Reader(kinds)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)  # noqa: FBT003  expat's interface
    except (expat.ExpatError, LookupError, ValueError) as error:  # the last two: encodings that are none
        if not reader.found:
            raise DecodeFault("The document is not well-formed XML.") from error
    return iter(reader.found)


class _Reader:
    """Gathers records from the events of the parser."""

    def __init__(self, kinds: frozenset[str]) -> None:
        self.found: list[Element] = []
        self._kinds = kinds
        self._path: list[str] = []
        self._record: Element | None = None
        self._depth = 0
        self._parts: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        self._path.append(local)
        if self._record is None and local in self._kinds and len(self.found) < MOST_ENTRIES:
            self._record = Element(kind=local, texts={}, links={})
            self._depth = len(self._path)
        elif self._record is not None and len(self._path) == self._depth + 1:
            self._parts = []
            if local == "link" and attributes.get("href"):
                self._record.links.setdefault(attributes.get("rel", "alternate"), attributes["href"][:_LONGEST])

    def end(self, name: str) -> None:
        del name
        local = self._path.pop()
        if self._record is None:
            return
        if len(self._path) == self._depth:
            text = cleaned("".join(self._parts)).strip()[:_LONGEST]
            if text:
                self._record.texts.setdefault(local, text)
        elif len(self._path) < self._depth:
            self.found.append(self._record)
            self._record = None

    def text(self, data: str) -> None:
        if self._record is not None and len(self._path) > self._depth:
            self._parts.append(data)


def _refuse(*_: Any) -> None:
    raise DecodeFault("The document has a document type, which sitemaps and feeds do not need.")


def _unpacked(body: bytes, most_bytes: int) -> bytes:
    if not body.startswith(_GZIP):
        return body
    from mcp_ref_fetch.wire.inflate import Zlib  # noqa: PLC0415  late, as the rest of the wire

    unpack = Zlib(gzip=True)
    kept = bytearray()
    for piece in unpack.feed(body):
        kept += piece
        if len(kept) > most_bytes:
            raise TooLarge(
                f"The document has more than {most_bytes} bytes when it is unpacked.",
                hint="The limit is --max-decoded-bytes.",
            )
    unpack.finish()
    return bytes(kept)

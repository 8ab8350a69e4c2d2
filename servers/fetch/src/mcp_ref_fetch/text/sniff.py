"""What a body is: its first bytes say it, and only where they do not, its Content-Type. Pure."""

from typing import Literal

from msgspec import Struct

Kind = Literal["html", "json", "text", "markdown", "svg", "image", "pdf", "binary"]

_LOOKED_AT = 1024
_IMAGES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_BINARY: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\x7fELF", "application/x-elf"),
    (b"MZ\x90", "application/vnd.microsoft.portable-executable"),
    (b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"BZh", "application/x-bzip2"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\0\0\1\0", "image/x-icon"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
)
_MARKUP = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<title")
_BY_TYPE: dict[str, Kind] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/json": "json",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "image/svg+xml": "svg",
    "application/javascript": "text",
    "application/ecmascript": "text",
    "application/xml": "text",
    "application/yaml": "text",
    "application/x-yaml": "text",
    "application/toml": "text",
    "application/x-sh": "text",
    "application/sql": "text",
    "application/graphql": "text",
    "application/x-ndjson": "text",
    "application/rtf": "binary",
}
_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Sniffed(Struct, frozen=True):
    """What a body is, and its MIME type."""

    kind: Kind
    mime: str


def sniffed(body: bytes, content_type: str) -> Sniffed:
    """Judge a body by its first bytes, then by what it is said to be."""
    start = body[:_LOOKED_AT]
    said = content_type.partition(";")[0].strip().lower()
    found = _by_signature(start)
    if found is not None:
        return found
    kind = _said_kind(said)
    if kind in {"binary", "image", "pdf"}:
        return _despite(start, said)
    if b"\0" in start and not start.startswith(_MARKS) and "utf-16" not in content_type.lower():
        return Sniffed("binary", said or "application/octet-stream")
    if kind == "text" and said in {"", "text/plain"} and _is_markup(start):
        # Plain text may show markup on purpose; nothing at all means that nobody said what it is.
        return Sniffed("text" if said else "html", said or "text/html")
    return Sniffed(kind, said or "text/plain")


def _by_signature(start: bytes) -> Sniffed | None:
    for mark, mime in _IMAGES:
        if start.startswith(mark):
            return Sniffed("image", mime)
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return Sniffed("image", "image/webp")
    if start.lstrip(b"\xef\xbb\xbf \t\r\n\0")[:5] == b"%PDF-":
        return Sniffed("pdf", "application/pdf")
    for mark, mime in _BINARY:
        if start.startswith(mark):
            return Sniffed("binary", mime)
    return None


def _said_kind(said: str) -> Kind:
    kind = _BY_TYPE.get(said)
    if kind is not None:
        return kind
    if not said or said.startswith("text/") or said.endswith("+xml"):
        return "text"
    return "json" if said.endswith("+json") else "binary"


def _despite(start: bytes, said: str) -> Sniffed:
    """What was called binary and is a page after all; the rest stays what it was called."""
    stripped = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if _is_markup(start):
        return Sniffed("html", "text/html")
    if said.startswith("image/") and stripped[:5].lower() in {b"<?xml", b"<svg ", b"<svg>"}:
        return Sniffed("svg", "image/svg+xml")
    return Sniffed("binary", said)


def _is_markup(start: bytes) -> bool:
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP)

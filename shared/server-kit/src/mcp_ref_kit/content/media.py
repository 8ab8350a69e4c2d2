"""What kind of file some bytes are, by their signature before their name, and how large a picture is. Pure."""

import struct
from collections.abc import Callable

from mcp_ref_kit.content.encodings import sniff

# Enough for every signature, and for the size of nearly every picture; a JPEG may hide it behind a larger preview.
PROBED = 64 * 1024

UNKNOWN = "application/octet-stream"
_TEXT = "text/plain"

# Where to look, what is there, what that means. A container comes after what may be in it.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\x00\x00\x01\x00", "image/x-icon"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypM4A ", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
)
# Believed only where the bytes say nothing, and, for what is text, agree.
_BY_NAME = {
    "svg": "image/svg+xml",
    "mp3": "audio/mpeg",
    "md": "text/markdown",
    "html": "text/html",
    "htm": "text/html",
    "css": "text/css",
    "csv": "text/csv",
    "js": "text/javascript",
    "json": "application/json",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "toml": "application/toml",
    "py": "text/x-python",
    "sh": "application/x-sh",
}
_ZIPPED = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "epub": "application/epub+zip",
    "jar": "application/java-archive",
}

_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}


def mime_type_of(beginning: bytes, name: str) -> str:
    """The MIME type of a file that begins so: by signature, then by what its name says of text, then unknown."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    found = _signed(beginning)
    if found == "application/zip":
        return _ZIPPED.get(ending, found)
    if found is not None:
        return found
    if sniff(beginning) is None:
        return UNKNOWN
    return "image/svg+xml" if _is_svg(beginning) else _BY_NAME.get(ending, _TEXT)


def is_text(mime_type: str) -> bool:
    """Whether a type that `mime_type_of` gave is one of text."""
    return mime_type == _TEXT or mime_type in _BY_NAME.values()


def dimensions(data: bytes, mime_type: str) -> tuple[int, int] | None:
    """Width and height of a picture, as its header says; None for what has none that we can read."""
    measure = _MEASURES.get(mime_type)
    try:
        return None if measure is None else measure(data)
    except (struct.error, IndexError):
        return None  # the header ends too early


def _signed(beginning: bytes) -> str | None:
    for offset, signature, mime_type in _SIGNATURES:
        if beginning.startswith(signature, offset):
            return mime_type
    if beginning.startswith(b"RIFF"):
        return _RIFF.get(beginning[8:12])
    # The letters BM alone also begin sentences; in a bitmap the reserved words after its length are zero.
    return "image/bmp" if beginning.startswith(b"BM") and beginning[6:10] == bytes(4) else None


def _is_svg(beginning: bytes) -> bool:
    head = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()[:1024]
    return head.startswith(b"<svg") or (head.startswith((b"<?xml", b"<!--", b"<!DOCTYPE svg")) and b"<svg" in head)


def _png(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _bmp(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)  # negative: the rows are stored from the top


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while data[at] == 0xFF:  # noqa: PLR2004  every segment begins so
        marker = data[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + int(struct.unpack_from(">H", data, at + 2)[0])
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    form = data[12:16]
    if form == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if form == b"VP8L":
        bits = int(struct.unpack_from("<I", data, 21)[0])
        return (bits & _14_BITS) + 1, ((bits >> 14) & _14_BITS) + 1
    if form == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & _14_BITS, height & _14_BITS
    return None


_14_BITS = 0x3FFF
# The markers that begin a frame: 0xC0 to 0xCF without those for tables and arithmetic coding.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MEASURES: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/bmp": _bmp,
    "image/jpeg": _jpeg,
    "image/webp": _webp,
}

"""Signatures, sizes of pictures, and the blocks that files become."""

import io
import struct
import zlib
from typing import Any

import pytest

from mcp_protocol import Audio, Embedded, Image, Text, ToolError
from mcp_ref_filesystem.views.pictures import MOST_PIXELS, Picture, shrunk
from mcp_ref_filesystem.views.showing import Shown, show_media
from mcp_ref_kit.content.media import UNKNOWN, dimensions, is_text, mime_type_of

Bench = Any


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + b"\x80\x40\x20" * width for _ in range(height))
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


GIF = b"GIF89a" + struct.pack("<HH", 7, 5) + b"\0\0\0;"
BMP = b"BM" + struct.pack("<IIIIii", 70, 0, 54, 40, 3, -2) + b"\0" * 20
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 20, 30) + b"\x01\x01\x11\x00\xff\xd9"
WEBP_X = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (99).to_bytes(3, "little") + (49).to_bytes(3, "little")
WEBP_L = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", (9 << 14) | 19)
WEBP_LOSSY = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0" + b"\0" * 6 + struct.pack("<HH", 40, 30)
WAV = b"RIFF\0\0\0\0WAVEfmt "


@pytest.mark.parametrize(
    ("data", "name", "mime_type"),
    [
        (png(1, 1), "a.txt", "image/png"),
        (JPEG, "a", "image/jpeg"),
        (GIF, "a", "image/gif"),
        (WEBP_X, "a", "image/webp"),
        (BMP, "a.png", "image/bmp"),
        (WAV, "a.mp3", "audio/wav"),
        (b"ID3\x04\0\0", "a", "audio/mpeg"),
        (b"\xff\xfb\x90\0", "a", "audio/mpeg"),
        (b"OggS\0", "a", "audio/ogg"),
        (b"fLaC\0", "a", "audio/flac"),
        (b"%PDF-1.7", "a", "application/pdf"),
        (b"PK\x03\x04", "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"PK\x03\x04", "a.zip", "application/zip"),
        (b"\0\0\0\x18ftypavif", "a", "image/avif"),
        (b"\0\0\0\x18ftypisom", "a", "video/mp4"),
        (b"RIFF\0\0\0\0????", "a", UNKNOWN),
        (b"\0\1\2\3", "a.png", UNKNOWN),
        (b"BM is how this sentence begins", "a.bmp", "text/plain"),
        (b"hello", "a", "text/plain"),
        (b"hello", "a.md", "text/markdown"),
        (b"{}", "a.JSON", "application/json"),
        (b"<svg xmlns='x'/>", "a.bin", "image/svg+xml"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><svg/>", "a", "image/svg+xml"),
        (b"<?xml version='1.0'?><html/>", "a.xml", "application/xml"),
        (b"", "a.py", "text/x-python"),
    ],
)
def test_the_signature_decides_before_the_name(data: bytes, name: str, mime_type: str) -> None:
    assert mime_type_of(data, name) == mime_type


def test_types_of_text_are_known() -> None:
    assert is_text("text/plain")
    assert is_text("application/json")
    assert not is_text("application/pdf")


@pytest.mark.parametrize(
    ("data", "mime_type", "size"),
    [
        (png(31, 17), "image/png", (31, 17)),
        (GIF, "image/gif", (7, 5)),
        (BMP, "image/bmp", (3, 2)),
        (JPEG, "image/jpeg", (30, 20)),
        (WEBP_X, "image/webp", (100, 50)),
        (WEBP_L, "image/webp", (20, 10)),
        (WEBP_LOSSY, "image/webp", (40, 30)),
        (b"RIFF\0\0\0\0WEBP????", "image/webp", None),
        (b"\xff\xd8\xff", "image/jpeg", None),
        (b"\xff\xd8\xff\xe0\x00\x04ab\x00\x00", "image/jpeg", None),
        (b"\x89PNG\r\n\x1a\n", "image/png", None),
        (b"text", "text/plain", None),
    ],
)
def test_pictures_say_how_large_they_are(data: bytes, mime_type: str, size: tuple[int, int] | None) -> None:
    assert dimensions(data, mime_type) == size


def show(bench: Bench, name: str, data: bytes, *, most_bytes: int = 100_000, most_pixels: int | None = None) -> Shown:
    (bench.path / name).write_bytes(data)
    return show_media(bench.at(name), most_bytes, most_pixels)


def test_a_picture_is_an_image_block(bench: Bench) -> None:
    shown = show(bench, "a.png", png(4, 3))
    assert isinstance(shown.block, Image)
    assert (shown.block.data, shown.block.mime_type) == (png(4, 3), "image/png")
    assert (shown.media.width, shown.media.height, shown.media.size) == (4, 3, len(png(4, 3)))


def test_a_sound_is_an_audio_block_and_a_drawing_is_text(bench: Bench) -> None:
    assert isinstance(show(bench, "a.wav", WAV).block, Audio)
    drawing = show(bench, "a.svg", b"<svg>\x1b</svg>").block
    assert isinstance(drawing, Text)
    assert drawing.text == "<svg></svg>"


def test_anything_else_is_embedded_under_its_uri(bench: Bench) -> None:
    pdf = show(bench, "a b.pdf", b"%PDF-1.7\0").block
    assert isinstance(pdf, Embedded)
    assert (pdf.resource.blob, pdf.resource.text) == (b"%PDF-1.7\0", None)
    assert pdf.resource.uri == (bench.path / "a b.pdf").as_uri()
    text = show(bench, "a.md", "é".encode("latin-1")).block
    assert isinstance(text, Embedded)
    assert (text.resource.text, text.resource.mime_type) == ("é", "text/markdown")


def test_a_file_over_the_limit_is_refused(bench: Bench) -> None:
    with pytest.raises(ToolError, match="has 10 bytes; the limit is 9") as caught:
        show(bench, "a", b"x" * 10, most_bytes=9)
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_large_picture_is_shrunk_in_its_own_shape(bench: Bench, form: str) -> None:
    pillow = pytest.importorskip("PIL.Image")
    out = io.BytesIO()
    pillow.new("P" if form == "GIF" else "RGB", (400, 200)).save(out, form)
    shown = show(bench, "a", out.getvalue(), most_pixels=800)
    assert (shown.media.width, shown.media.height) == (40, 20)
    assert isinstance(shown.block, Image)
    assert shown.block.mime_type == ("image/png" if form == "GIF" else f"image/{form.lower()}")
    assert pillow.open(io.BytesIO(shown.block.data)).size == (40, 20)


def test_a_small_picture_and_what_cannot_be_shrunk_stay_as_they_are(bench: Bench) -> None:
    assert show(bench, "a", png(4, 4), most_pixels=16).media.width == 4
    assert show(bench, "b", BMP, most_pixels=1).media.width == 3


def test_a_picture_that_claims_billions_of_pixels_is_not_unpacked() -> None:
    with pytest.raises(ToolError) as caught:
        shrunk(Picture(b"", "image/png", MOST_PIXELS, 2), 10)
    assert caught.value.code == "too_large"


def test_a_broken_picture_is_refused() -> None:
    pytest.importorskip("PIL.Image")
    with pytest.raises(ToolError, match="cannot be read"):
        shrunk(Picture(b"\x89PNG\r\n\x1a\nnonsense", "image/png", 100, 100), 10)


def test_without_the_extra_the_refusal_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    with pytest.raises(ToolError, match="extra") as caught:
        shrunk(Picture(png(100, 100), "image/png", 100, 100), 10)
    assert "[images]" in (caught.value.hint or "")

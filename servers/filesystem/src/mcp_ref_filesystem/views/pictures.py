"""Makes pictures smaller, which needs the extra `images` (Pillow). Blocking."""

import io
from importlib import import_module
from typing import Any

from msgspec import Struct

from mcp_protocol.errors import ToolError

# What a picture may unpack to; a small file can claim billions of pixels.
MOST_PIXELS = 100_000_000
# MIME type to the names of the formats read and written; of an animation the first frame is kept.
_FORMATS = {
    "image/png": ("PNG", "PNG"),
    "image/jpeg": ("JPEG", "JPEG"),
    "image/gif": ("GIF", "PNG"),
    "image/webp": ("WEBP", "WEBP"),
}
# The modes that a format can hold as they are.
_MODES = {"PNG": ("L", "LA", "RGB", "RGBA"), "JPEG": ("L", "RGB"), "WEBP": ("RGB", "RGBA")}


class Picture(Struct, frozen=True):
    """An encoded picture and its size in pixels."""

    data: bytes
    mime_type: str
    width: int
    height: int


def shrunk(picture: Picture, most_pixels: int) -> Picture:
    """The picture with at most so many pixels; as it is where it has no more.

    Raises:
        ToolError: the extra is not installed, or the picture is too large or broken.
    """
    pixels = picture.width * picture.height
    if pixels <= most_pixels or picture.mime_type not in _FORMATS:
        return picture
    if pixels > MOST_PIXELS:
        sentence = f"The picture has {picture.width} x {picture.height} pixels, which is too large to shrink."
        raise ToolError(sentence, code="too_large")
    factor = (most_pixels / pixels) ** 0.5
    size = (max(int(picture.width * factor), 1), max(int(picture.height * factor), 1))
    source, target = _FORMATS[picture.mime_type]
    pillow = _pillow()
    out = io.BytesIO()
    try:
        with pillow.open(io.BytesIO(picture.data), formats=[source]) as opened:
            mode = opened.mode if opened.mode in _MODES[target] else _MODES[target][-1]
            opened.convert(mode).resize(size).save(out, target)
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError) as error:
        # What Pillow raises for a file that is not what it seems.
        raise ToolError("The picture cannot be read.", code="invalid_argument") from error
    return Picture(out.getvalue(), f"image/{target.lower()}", *size)


def _pillow() -> Any:
    try:
        return import_module("PIL.Image")
    except ImportError as error:
        hint = "Install mcp-ref-filesystem[images], or leave `maxPixels` out."
        sentence = "`maxPixels` needs an extra that is not installed."
        raise ToolError(sentence, code="invalid_argument", hint=hint) from error

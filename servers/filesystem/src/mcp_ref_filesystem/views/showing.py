"""Files for eyes and ears: pictures and sounds as such, the rest embedded. Blocking."""

from msgspec import Struct

from mcp_protocol import Audio, ContentBlock, Embedded, Image, ResourceContents, Text
from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.views.pictures import Picture, shrunk
from mcp_ref_kit.content.encodings import LATIN_1, detect, safe
from mcp_ref_kit.content.media import PROBED, dimensions, is_text, mime_type_of

# What models take as pictures and sounds; other formats would make a host refuse the whole answer.
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_SOUNDS = frozenset({"audio/wav", "audio/mpeg", "audio/ogg", "audio/flac"})


class Media(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the content block holds."""

    mime_type: str
    size: int


class MediaFile(Media, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same with all that is known; size is that of the file, width and height that of the picture shown."""

    path: str
    width: int | None = None
    height: int | None = None
    untrusted: bool


class Shown(Struct, frozen=True):
    """A file as a content block, and what is said of it."""

    media: MediaFile
    block: ContentBlock


def show_media(located: Located, most_bytes: int, most_pixels: int | None) -> Shown:
    """Read a file whole.

    Raises:
        ToolError: `too_large`.
    """
    with located.open() as file:
        size = file.stat.st_size
        if size > most_bytes:
            sentence = f"`{located.written}` has {size} bytes; the limit is {most_bytes}."
            raise ToolError(sentence, code="too_large", hint="read_file_range reads a part of it.")
        data = file.read_at(0, size)
    mime_type = mime_type_of(data[:PROBED], located.path.name)
    measured = dimensions(data, mime_type)
    picture = Picture(data, mime_type, *(measured or (0, 0)))
    if most_pixels is not None:
        picture = shrunk(picture, most_pixels)
    media = MediaFile(
        path=located.written,
        mime_type=picture.mime_type,
        size=size,
        width=None if measured is None else picture.width,
        height=None if measured is None else picture.height,
        untrusted=True,
    )
    return Shown(media, _block(located, picture))


def uri_of(located: Located) -> str:
    """The file URI of a located path."""
    return located.root.path.joinpath(*located.path.parts).as_uri()


def _block(located: Located, picture: Picture) -> ContentBlock:
    if picture.mime_type in _PICTURES:
        return Image(picture.data, picture.mime_type)
    if picture.mime_type in _SOUNDS:
        return Audio(picture.data, picture.mime_type)
    if picture.mime_type == "image/svg+xml":
        return Text(safe(_decoded(picture.data)))
    text = _decoded(picture.data) if is_text(picture.mime_type) else None
    blob = picture.data if text is None else None
    return Embedded(ResourceContents(uri=uri_of(located), mime_type=picture.mime_type, text=text, blob=blob))


def _decoded(data: bytes) -> str:
    encoding = detect(data) or LATIN_1
    return encoding.decode(data[len(encoding.mark) :])

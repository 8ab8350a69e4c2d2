"""Files as a commit has them: text, or a picture, or other bytes; read whole only when they are small enough."""

from msgspec import Struct

from mcp_protocol import ContentBlock, Embedded, Image, ResourceContents, ToolError
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import ObjectId
from mcp_ref_git.repository import Opened, Thing
from mcp_ref_kit.content.encodings import detect
from mcp_ref_kit.content.media import PROBED, mime_type_of
from mcp_ref_kit.processes import Bounds

# What models take as pictures; other formats would make a host refuse the whole answer.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


class Blob(Struct, frozen=True):
    """A file's bytes; `text` is None where they are none."""

    data: bytes
    mime_type: str
    text: str | None
    encoding: str

    def block(self, uri: str) -> ContentBlock:
        """For eyes: a picture as such, the rest embedded."""
        if self.mime_type in PICTURES:
            return Image(self.data, self.mime_type)
        return Embedded(ResourceContents(uri=uri, mime_type=self.mime_type, blob=self.data))


async def read_blob(opened: Opened, thing: Thing, name: str) -> Blob:
    """A file of any kind.

    Raises:
        ToolError: `too_large`; its size is known before a byte of it is read.
    """
    most = opened.settings.max_blob_bytes
    if thing.size > most:
        raise ToolError(f"The file has {thing.size} bytes; the limit is {most}.", code="too_large")
    bounds = Bounds(seconds=opened.settings.timeout, stdout=thing.size + 1)
    answer = await opened.git(Argv("cat-file", "blob").put(thing.id), bounds=bounds)
    return as_blob(answer.out, name)


def as_blob(data: bytes, name: str) -> Blob:
    """What bytes are. Pure."""
    mime_type = mime_type_of(data[:PROBED], name.rpartition("/")[2])
    encoding = detect(data)
    if encoding is None or mime_type in PICTURES:
        return Blob(data, mime_type, None, "base64")
    return Blob(data, mime_type, encoding.decode(data[len(encoding.mark) :]), encoding.name)


def blob_uri(name: str, revision: ObjectId, path: str) -> str:
    """The address of a file at a commit, as the resources have it."""
    from urllib.parse import quote  # noqa: PLC0415  5 ms of import that a start does without

    return f"git-blob://{quote(name, safe='')}/{quote(revision.text, safe='')}/{quote(path)}"

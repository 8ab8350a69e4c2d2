"""What a file or directory holds, as the contents of a resource. Blocking."""

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.results import stamp
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.tools.listing import as_lines
from mcp_ref_filesystem.views.entries import ListQuery, list_entries
from mcp_ref_kit.content.encodings import SNIFFED, detect, safe, sniff
from mcp_ref_kit.content.media import mime_type_of
from mcp_ref_kit.paths import NotAFile, OpenFile

DIRECTORY = "inode/directory"


class Held(Struct, frozen=True, kw_only=True):
    """Text or bytes, and what is known of where they come from."""

    mime_type: str
    text: str | None = None
    blob: bytes | None = None
    size: int | None = None
    modified: str | None = None


def held(located: Located, settings: Settings) -> Held:
    """All of a file, or the names in a directory.

    Raises:
        ToolError: `too_large`; what is cut could be taken for the whole.
    """
    try:
        file = located.open()
    except NotAFile:
        return _names(located, settings)
    with file:
        return _content(file, located, settings)


def _content(file: OpenFile, located: Located, settings: Settings) -> Held:
    size = file.stat.st_size
    beginning = file.read_at(0, SNIFFED)
    looks_like_text = sniff(beginning) is not None
    most = settings.max_read_bytes if looks_like_text else settings.max_media_bytes
    if size > most:
        tool = "read_text_file" if looks_like_text else "read_file_range"
        sentence = f"`{located.written}` has {size} bytes; the limit is {most}. The tool {tool} reads it in parts."
        raise ToolError(sentence, code="too_large")
    data = file.read_at(0, size)
    encoding = detect(data)
    text = None if encoding is None else encoding.decode(data[len(encoding.mark) :])
    return Held(
        mime_type=mime_type_of(beginning, located.path.name),
        text=text,
        blob=data if text is None else None,
        size=size,
        modified=stamp(file.stat.st_mtime_ns),
    )


def _names(located: Located, settings: Settings) -> Held:
    query = ListQuery(path=located.written, limit=settings.max_results)
    found = list_entries(located, query, settings.max_output_chars, None)
    left = found.total - len(found.entries)
    text = safe(as_lines(found.entries)) + (f"\n... {left} more" if left else "")
    return Held(mime_type=DIRECTORY, text=text, modified=stamp(located.stat().stat.st_mtime_ns))

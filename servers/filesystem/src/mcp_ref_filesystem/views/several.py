"""Reads several text files within one budget of bytes; one that fails fails alone. Blocking, stoppable."""

from msgspec import Struct

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.views.reading import ROOM, Slice, read_text
from mcp_ref_kit.workers import Stop, Stopped

# A shorter rest of the budget shows too little of a file to be of use.
LEAST = 256


class FileError(Struct, frozen=True):
    """Why a file was not read."""

    code: str
    message: str


class FileText(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file: its text, or an error."""

    path: str
    ok: bool
    content: str | None = None
    encoding: str | None = None
    etag: str | None = None
    truncated: bool = False
    error: FileError | None = None


class Budget(Struct, frozen=True):
    """Most bytes of one file, and of all of them together."""

    each: int
    total: int


def read_several(stop: Stop, wanted: list[Located | ToolError], paths: list[str], budget: Budget) -> list[FileText]:
    """The files in the order asked for; when the budget is spent the rest are skipped, and say so."""
    left = budget.total
    texts: list[FileText] = []
    for located, path in zip(wanted, paths, strict=True):
        stop.check()
        text = _read_one(stop, located, path, min(budget.each, left))
        left -= 0 if text.content is None else len(text.content.encode(errors="replace"))
        texts.append(text)
    return texts


def as_text(texts: list[FileText]) -> str:
    """The files under their paths, in the form of the official server."""
    return "\n---\n".join(_shown(text) for text in texts)


def _read_one(stop: Stop, located: Located | ToolError, path: str, most: int) -> FileText:
    if isinstance(located, ToolError):
        return _failed(path, located)
    if most < LEAST:
        return _failed(path, ToolError("The budget of this call is spent.", code="skipped_budget"))
    try:
        page, _ = read_text(stop, located, Slice(max_bytes=most, most_characters=most + ROOM))
    except Stopped:
        raise
    except ToolError as error:
        return _failed(path, error)
    return FileText(
        path=path, ok=True, content=page.content, encoding=page.encoding, etag=page.etag, truncated=page.truncated
    )


def _failed(path: str, error: ToolError) -> FileText:
    return FileText(path=path, ok=False, error=FileError(error.code, error.message))


def _shown(text: FileText) -> str:
    if text.error is not None:
        return f"{text.path}: Error - {text.error.message}"
    cut = "\n[cut; read_text_file has the rest]" if text.truncated else ""
    return f"{text.path}:\n{text.content}{cut}\n"

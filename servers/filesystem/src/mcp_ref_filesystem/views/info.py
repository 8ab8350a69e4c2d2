"""Everything known of one path, links not followed. Blocking, stoppable."""

import os
import stat
from contextlib import suppress

from msgspec import Struct

from mcp_protocol import Refused
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.results import Kind, kind_of, stamp
from mcp_ref_filesystem.text.lines import Source
from mcp_ref_filesystem.views.birth import birth_time
from mcp_ref_filesystem.views.reading import SURVEYED, surveyed
from mcp_ref_kit.content.encodings import LATIN_1, SNIFFED, UTF_8, sniff
from mcp_ref_kit.content.media import PROBED, mime_type_of
from mcp_ref_kit.paths import OpenFile, OutsideRoot, PathError, RootItself, Seen, show
from mcp_ref_kit.workers import Stop


class Facts(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What is known."""

    type: Kind
    size: int
    modified: str
    etag: str | None = None


class FileInfo(Facts, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same with all that could be found out; line_count and etag only up to 64 MiB."""

    path: str
    created: str | None = None
    accessed: str
    permissions: str
    mode: str
    owner: str | None = None
    mime_type: str | None = None
    encoding: str | None = None
    line_count: int | None = None
    is_symlink: bool
    target: str | None = None
    target_inside: bool | None = None
    readable: bool
    writable: bool
    untrusted: bool


class Content(Struct, frozen=True, kw_only=True):
    """What looking into a file tells."""

    mime_type: str
    encoding: str | None = None
    line_count: int | None = None
    etag: str | None = None


def file_info(stop: Stop, located: Located) -> FileInfo:
    """What is known of a path; a dangling link is an answer, not an error.

    Raises:
        PathError: there is nothing, or it cannot be reached.
    """
    seen = located.lstat()
    found = seen.stat
    kind = kind_of(found.st_mode)
    created, writable, readable = _at_place(located, seen)
    content = _content(stop, located) if kind == "file" else None
    return FileInfo(
        path=located.written,
        type=kind,
        size=found.st_size,
        created=None if created is None else stamp(created),
        modified=stamp(found.st_mtime_ns),
        accessed=stamp(found.st_atime_ns),
        permissions=f"{stat.S_IMODE(found.st_mode):03o}",
        mode=stat.filemode(found.st_mode),
        owner=_owner(found.st_uid),
        mime_type="inode/directory" if kind == "directory" else content and content.mime_type,
        encoding=content and content.encoding,
        line_count=content and content.line_count,
        is_symlink=kind == "symlink",
        target=_target(located) if kind == "symlink" else None,
        target_inside=_leads_inside(located) if kind == "symlink" else None,
        readable=readable and (kind != "file" or content is not None),
        writable=writable,
        etag=content and content.etag,
        untrusted=True,
    )


def as_text(info: FileInfo) -> str:
    """The facts line by line, under the names of the official server where it has them."""
    facts = {
        "size": info.size,
        "created": info.created,
        "modified": info.modified,
        "accessed": info.accessed,
        "isDirectory": info.type == "directory",
        "isFile": info.type == "file",
        "permissions": info.permissions,
        "type": info.type,
        "mode": info.mode,
        "owner": info.owner,
        "mimeType": info.mime_type,
        "encoding": info.encoding,
        "lineCount": info.line_count,
        "target": info.target,
        "targetInside": info.target_inside,
        "readable": info.readable,
        "writable": info.writable,
        "etag": info.etag,
    }
    return "\n".join(f"{name}: {_word(value)}" for name, value in facts.items() if value is not None)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _at_place(located: Located, seen: Seen) -> tuple[int | None, bool, bool]:
    """When it was created, and whether rules and system let it be written and read."""
    may_write = located.allows(seen.resolved, write=True)
    may_read = located.allows(seen.resolved)
    try:
        with located.root.parent(located.path) as spot:
            directory, name = spot.parent.fd, spot.name
            created = birth_time(directory, name, seen.stat)
            if stat.S_ISLNK(seen.stat.st_mode):
                return created, may_write, may_read
            # Not followed: a link that has taken the name would tell of what it leads to.
            readable, writable = (
                os.access(name, right, dir_fd=directory, follow_symlinks=False) for right in (os.R_OK, os.W_OK)
            )
            return created, may_write and writable, may_read and readable
    except RootItself:
        fd = located.root.fd
        writable = may_write and os.access(".", os.W_OK, dir_fd=fd)
        return birth_time(fd, ".", seen.stat), writable, os.access(".", os.R_OK, dir_fd=fd)


def _content(stop: Stop, located: Located) -> Content | None:
    """What a file holds, or None where it cannot be opened."""
    try:
        with located.open() as file:
            return _looked_into(stop, located, file)
    except (PathError, Refused):
        return None


def _looked_into(stop: Stop, located: Located, file: OpenFile) -> Content:
    size = file.stat.st_size
    beginning = file.read_at(0, PROBED)
    mime_type = mime_type_of(beginning, located.path.name)
    encoding = sniff(beginning[:SNIFFED])
    if size > SURVEYED:
        return Content(mime_type=mime_type, encoding=None if encoding is None else encoding.name)
    survey = surveyed(Source(read=file.read_at, size=size, encoding=encoding or LATIN_1, check=stop.check))
    if encoding is None:
        return Content(mime_type=mime_type, etag=survey.etag)
    name = LATIN_1.name if encoding == UTF_8 and not survey.utf8 else encoding.name
    return Content(mime_type=mime_type, encoding=name, line_count=survey.lines, etag=survey.etag)


def _target(located: Located) -> str | None:
    with suppress(PathError):  # replaced since it was looked at
        return show(located.readlink())
    return None


def _leads_inside(located: Located) -> bool | None:
    """Whether a link leads to something in its directory; None where it leads to nothing there, or in a circle."""
    try:
        located.stat()
    except OutsideRoot:
        return False
    except PathError:
        return None
    return True


def _owner(number: int) -> str | None:
    try:
        import pwd  # noqa: PLC0415  not on Windows
    except ImportError:
        return None
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)

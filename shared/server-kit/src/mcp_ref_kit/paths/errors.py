"""What can go wrong with a path, as tool errors; system errors are mapped by one table.

PathError                code
├── OutsideRoot          denied_outside_root   the same words whether or not something is there
├── NotFound             not_found
├── AlreadyExists        already_exists
├── NotAFile             not_a_file            directories, FIFOs, sockets and devices
├── NotADirectory        not_a_directory
├── NotEmpty             conflict
├── InvalidPath          invalid_argument      empty, NUL, control characters, too long
├── TooManyLinks         invalid_argument      a loop, or more than forty links
├── RootItself           denied_policy         an allowed directory where a thing inside one is needed
├── LinkRefused          denied_policy         links are off
├── HardLinked           denied_policy         hard links are off
├── OtherFilesystem      denied_policy         a mount point, with mounts off
├── Forbidden            denied_policy         the operating system's permissions
├── ReadOnly             denied_read_only      the file system is mounted read-only
├── CrossDevice          io                    a rename or link between file systems
├── InUse                busy                  a running program, a mount point
├── Exhausted            busy                  no descriptors or memory left
└── SystemFault          io                    disk full, quota, I/O error, anything else
"""

import errno
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from mcp_protocol.errors import ToolError


class PathError(ToolError):
    """A path that cannot be used; `path` is the caller's spelling of it."""

    word: ClassVar[str] = "io"
    sentence: ClassVar[str] = "`{path}` could not be used."
    advice: ClassVar[str | None] = None
    again: ClassVar[bool] = False

    def __init__(self, path: str, sentence: str | None = None, *, hint: str | None = None) -> None:
        message = self.sentence.format(path=path) if sentence is None else sentence
        super().__init__(message, code=self.word, hint=hint or self.advice, retryable=self.again)
        self.path = path


class OutsideRoot(PathError):
    """Not beneath an allowed directory, or reached through a link that leaves it."""

    word = "denied_outside_root"
    sentence = "`{path}` is outside the allowed directories."
    advice = "Call list_allowed_directories to see what is allowed."


class NotFound(PathError):
    """Nothing has that name."""

    word = "not_found"
    sentence = "`{path}` does not exist."


class AlreadyExists(PathError):
    """The name is taken."""

    word = "already_exists"
    sentence = "`{path}` already exists."


class NotAFile(PathError):
    """A regular file was needed."""

    word = "not_a_file"
    sentence = "`{path}` is not a regular file."


class NotADirectory(PathError):
    """A directory was needed, here or on the way."""

    word = "not_a_directory"
    sentence = "`{path}`, or a part of it that should be a directory, is not one."


class NotEmpty(PathError):
    """The directory still holds something."""

    word = "conflict"
    sentence = "The directory `{path}` is not empty."


class InvalidPath(PathError):
    """The text cannot be a path here."""

    word = "invalid_argument"
    sentence = "`{path}` is not a usable path."


class TooManyLinks(InvalidPath):
    """A loop of symbolic links, or a chain of more than forty."""

    sentence = "`{path}` leads through too many symbolic links."


class RootItself(PathError):
    """An allowed directory itself, where something inside one is needed."""

    word = "denied_policy"
    sentence = "`{path}` is an allowed directory itself; it cannot be made, replaced, moved or removed."


class LinkRefused(PathError):
    """The path leads through a symbolic link, and those are off."""

    word = "denied_policy"
    sentence = "`{path}` leads through a symbolic link; following links is turned off."


class HardLinked(PathError):
    """The file has other names, and those are off."""

    word = "denied_policy"
    sentence = "`{path}` has more than one hard link; such files are turned off."


class OtherFilesystem(PathError):
    """The path crosses a mount point, and those are off."""

    word = "denied_policy"
    sentence = "`{path}` is on another file system than its directory; crossing is turned off."


class Forbidden(PathError):
    """The operating system refused."""

    word = "denied_policy"
    sentence = "The operating system does not permit this server to do that to `{path}`."


class ReadOnly(PathError):
    """The file system cannot be written."""

    word = "denied_read_only"
    sentence = "`{path}` is on a file system that is mounted read-only."


class CrossDevice(PathError):
    """A rename or hard link cannot cross file systems."""

    sentence = "`{path}` is on another file system than the other path."


class InUse(PathError):
    """Something else holds it."""

    word = "busy"
    sentence = "`{path}` is in use by a running program or the system."
    again = True


class Exhausted(PathError):
    """The process or the machine ran out of descriptors or memory."""

    word = "busy"
    sentence = "The server ran out of file descriptors or memory at `{path}`."
    again = True


class SystemFault(PathError):
    """Any other failure of the operating system."""

    sentence = "The operating system could not do that to `{path}`."


_CLASSES: Mapping[int, type[PathError]] = {
    errno.ENOENT: NotFound,
    errno.ESTALE: NotFound,
    errno.EEXIST: AlreadyExists,
    errno.EISDIR: NotAFile,
    errno.ENXIO: NotAFile,  # a FIFO without reader, a socket, a device without driver
    errno.ENODEV: NotAFile,
    errno.ENOTDIR: NotADirectory,
    errno.ENOTEMPTY: NotEmpty,
    errno.ENAMETOOLONG: InvalidPath,
    errno.EILSEQ: InvalidPath,  # APFS refuses names that are not UTF-8
    errno.ELOOP: TooManyLinks,
    errno.EACCES: Forbidden,
    errno.EPERM: Forbidden,
    errno.EROFS: ReadOnly,
    errno.EXDEV: CrossDevice,
    errno.ETXTBSY: InUse,
    errno.EBUSY: InUse,
    errno.EMFILE: Exhausted,
    errno.ENFILE: Exhausted,
    errno.ENOMEM: Exhausted,
}

_SENTENCES: Mapping[int, str] = {
    errno.ENAMETOOLONG: "A name in `{path}` is too long for the file system.",
    errno.ENOSPC: "No space is left on the file system of `{path}`.",
    errno.EDQUOT: "The disk quota is used up; `{path}` was not changed.",
    errno.EIO: "The disk reported an input/output error at `{path}`.",
    errno.EFBIG: "`{path}` would become larger than the file system allows.",
}


def from_system(error: OSError, path: str) -> PathError:
    """The typed error for a system error at a path in the caller's spelling."""
    number = error.errno or 0
    sentence = _SENTENCES.get(number)
    return _CLASSES.get(number, SystemFault)(path, sentence and sentence.format(path=path))


@contextmanager
def mapped(path: str) -> Generator[None]:
    """Turn a system error inside the block into its typed error.

    Raises:
        PathError: for every OSError.
    """
    try:
        yield
    except OSError as error:
        raise from_system(error, path) from error

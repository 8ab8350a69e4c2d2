"""Which file a database is: judged by what it is and not by its name, and known by device and inode from then on."""

import os
import stat
from pathlib import Path

from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.db.calls.errors import DbError, Scrub

HEADER = b"SQLite format 3\0"
_NO_FILES = ("/proc", "/sys", "/dev")
_MEMORY = ":memory:"


class Identity(Struct, frozen=True):
    """A file, whatever it is called."""

    device: int
    inode: int


class Place:
    """The path of one database, as the operator gave it, after links."""

    def __init__(self, text: str) -> None:
        """Look at the text, and at the file if it is there.

        Raises:
            SettingsError: it cannot be a database.
        """
        if not text or text == _MEMORY or text.lower().startswith("file:") or "\0" in text:
            raise SettingsError(f"{text!a} is no path of a SQLite file; give the path itself, not a URI.")
        self.path = Path(text).resolve()
        if any(self.path.is_relative_to(root) for root in _NO_FILES):
            raise SettingsError(f"{text!a} is no ordinary file.")
        self.scrub = Scrub(others=[str(self.path), str(self.path.parent), text])
        found = self._looked_at()
        if found is not None and not stat.S_ISREG(found.st_mode):
            raise SettingsError(f"{text!a} is no ordinary file.")

    def uri(self, mode: str, *, immutable: bool = False) -> str:
        """How SQLite opens it; made here, so that nothing in a name can become a parameter."""
        return f"{self.path.as_uri()}?mode={mode}{'&immutable=1' if immutable else ''}"

    def identity(self) -> Identity | None:
        """What file has the name now."""
        found = self._looked_at()
        return None if found is None else Identity(found.st_dev, found.st_ino)

    def require(self) -> Identity:
        """The same, if it is a database: an ordinary file that is empty or begins as one.

        Raises:
            DbError: `connection`; it is not there, cannot be read, or is something else.
        """
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise DbError(_reason(error), code="connection") from error
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise DbError("The database is no ordinary file.", code="connection", retryable=False)
            if os.read(handle, len(HEADER)) not in {HEADER, b""}:
                raise DbError("The file is not a SQLite database.", code="connection", retryable=False)
        finally:
            os.close(handle)
        return Identity(found.st_dev, found.st_ino)

    def beside(self, ending: str) -> Path:
        """A file that SQLite keeps beside it."""
        return self.path.with_name(f"{self.path.name}{ending}")

    def create(self) -> None:
        """Make an empty file, which is an empty database."""
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644))
        except FileExistsError:
            return  # somebody else made it just now
        except OSError as error:
            raise DbError("The database file cannot be made.", code="connection") from error

    def _looked_at(self) -> os.stat_result | None:
        try:
            return self.path.stat()
        except OSError:
            return None


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "The database file is not there."
    if isinstance(error, PermissionError):
        return "The database file cannot be read: permission denied."
    return "The database file cannot be opened."

"""The files of a diff, from git's `--raw --numstat -z`, with the text of the diff behind them. Pure."""

import os

from msgspec import Struct

from mcp_ref_git.reading.commits import FileChange
from mcp_ref_git.reading.status import CHANGES
from mcp_ref_kit.paths import is_encoded, show

_MOVED = ("R", "C")


class File(Struct):
    """A file of a diff, its names in the system's spelling; `combined`: with more than one side before it."""

    path: str
    letter: str
    old: str | None = None
    additions: int | None = None
    deletions: int | None = None
    binary: bool = False
    combined: bool = False

    @property
    def change(self) -> FileChange:
        """As tools return it."""
        return FileChange(
            show(self.path),
            CHANGES.get(self.letter, self.letter),
            self.additions,
            self.deletions,
            binary=self.binary,
            old_path=None if self.old is None else show(self.old),
            name_encoded=is_encoded(self.path),
        )


class Listing:
    """Takes a diff piece by piece: some fields before, the files, then as much of the text as is wanted."""

    def __init__(self, *, before: int = 0, most_text: int = 0) -> None:
        """`before` is how many fields come first; of the text `most_text` bytes are kept, and one more."""
        self.fields: list[str] = []
        self.files: list[File] = []
        self.text = bytearray()
        self._by_path: dict[str, File] = {}
        self._before = before
        self._most = most_text
        self._rest = bytearray()
        self._in_text = False
        self._is_first = True

    def take(self, data: bytes) -> bool:
        """Read a piece; whether more is wanted."""
        if not self._in_text:
            self._rest += data
            data = self._read_records()
        if self._in_text:
            self.text += data
        return len(self.text) <= self._most

    def _read_records(self) -> bytes:
        """Read whole records; what follows them, once all have been read."""
        fields = bytes(self._rest).split(b"\0")
        at, last = 0, len(fields) - 1  # the last is not ended yet
        while at < last:
            used = self._record(fields, at, last)
            if used == 0:
                break
            at += used
            if self._in_text:
                break
        read = sum(len(field) + 1 for field in fields[:at])
        del self._rest[:read]
        return bytes(self._rest) if self._in_text else b""

    def _record(self, fields: list[bytes], at: int, last: int) -> int:
        """How many fields the record here has, once it is read; 0 where it is not whole."""
        field = fields[at]
        if len(self.fields) < self._before:
            self.fields.append(field.decode("utf-8", "replace"))
            return 1
        if self._is_first and self._before:
            field = field.lstrip(b"\n")  # between the fields before and the files
            if not field:
                return 1
        if not field:
            self._in_text = True
            return 1
        raw = field.startswith(b":")
        width = _width(field, raw=raw)
        if at + width > last:
            return 0
        self._is_first = False
        names = [os.fsdecode(name) for name in fields[at + 1 : at + width]]
        if raw:
            self._add_raw(field, names)
        else:
            self._add_numbers(field, names)
        return width

    def _add_raw(self, field: bytes, names: list[str]) -> None:
        letters = field.rsplit(b" ", 1)[-1].decode("ascii", "replace")
        combined = field.startswith(b"::")
        old = names[0] if len(names) > 1 else None
        file = File(names[-1], letters[:1] or "M", old, combined=combined)
        known = self._by_path.get(file.path)
        if known is None:
            self._by_path[file.path] = file
            self.files.append(file)
        elif known.letter == "U":  # the work tree beside what is unmerged is one file of the diff
            known.combined = True

    def _add_numbers(self, field: bytes, names: list[str]) -> None:
        added, removed, path = field.split(b"\t", 2)
        file = self._by_path.get(names[-1] if names else os.fsdecode(path))
        if file is not None:
            file.binary = added == b"-"
            file.additions = None if file.binary else int(added)
            file.deletions = None if file.binary else int(removed)


def _width(field: bytes, *, raw: bool) -> int:
    """Fields of a record: a rename has two names."""
    if raw:
        return 3 if field.rsplit(b" ", 1)[-1][:1].decode("ascii", "replace") in _MOVED else 2
    return 3 if field.endswith(b"\t") else 1

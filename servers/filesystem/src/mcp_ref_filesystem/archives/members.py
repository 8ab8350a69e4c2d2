"""What an archive says of its members. Data only."""

from typing import Literal

from msgspec import Struct

MemberKind = Literal["file", "directory", "link", "other"]


class ArchiveEntry(Struct, frozen=True, kw_only=True):
    """One member, as the archive describes it."""

    name: str
    type: MemberKind
    size: int
    mtime: str

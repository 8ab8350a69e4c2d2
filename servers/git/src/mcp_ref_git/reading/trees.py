"""Directories as a commit has them, from `ls-tree`. Pure, but for the one command."""

import os

from msgspec import Struct

from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import ObjectId, RepoPath
from mcp_ref_git.repository import Opened
from mcp_ref_kit.paths import is_encoded, show

_LINK = "120000"


class TreeEntry(Struct, frozen=True, omit_defaults=True):
    """A name in a tree; type: blob, tree, link, or commit for a submodule."""

    path: str
    mode: str
    type: str
    object: str
    size: int | None = None
    name_encoded: bool = False


async def list_tree(
    opened: Opened, tree: ObjectId, most: int, *, recursive: bool = False, paths: tuple[RepoPath, ...] = ()
) -> list[TreeEntry]:
    """The first entries of a tree; the command is stopped when there are enough."""
    taken = bytearray()

    def take(piece: bytes) -> bool:
        taken.extend(piece)
        return taken.count(b"\0") < most

    argv = Argv("ls-tree", "-z", "--long", "--full-tree").add("-r", when=recursive).put(tree).paths(paths)
    await opened.git(argv, take=take)
    return [_entry(record) for record in bytes(taken).split(b"\0")[:most] if b"\t" in record]


def _entry(record: bytes) -> TreeEntry:
    facts, _, name = record.partition(b"\t")
    mode, kind, object_id, size = facts.decode("ascii", "replace").split()
    path = os.fsdecode(name)
    return TreeEntry(
        show(path),
        mode,
        "link" if mode == _LINK else kind,
        object_id,
        int(size) if size.isdecimal() else None,
        name_encoded=is_encoded(path),
    )

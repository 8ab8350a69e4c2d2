"""The files of a work tree by what git thinks of them."""

import os
import stat
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import RepoPath
from mcp_ref_git.repository import Opened
from mcp_ref_kit.paths import is_encoded, show

Kind = Literal["tracked", "modified", "untracked", "ignored"]

_TYPES = {"120000": "link", "160000": "submodule", "100755": "executable"}


class FileEntry(Struct, frozen=True, omit_defaults=True):
    """A file; type: file, executable, link, submodule, or repository for one that is not registered."""

    path: str
    mode: str | None
    type: str
    object: str | None = None
    name_encoded: bool = False


async def list_files(opened: Opened, kind: Kind, paths: list[RepoPath], most: int) -> list[FileEntry]:
    """The first files of a kind; the command is stopped when there are enough."""
    taken = bytearray()

    def take(piece: bytes) -> bool:
        taken.extend(piece)
        return taken.count(b"\0") < most

    argv = Argv("ls-files", "-z").add("--stage", when=kind == "tracked").add("--modified", when=kind == "modified")
    argv.add("--others", "--exclude-standard", when=kind in {"untracked", "ignored"}).add(
        "--ignored", when=kind == "ignored"
    )
    if kind != "tracked":
        _ = opened.top
    await opened.git(argv.paths(paths), take=take)
    fields = bytes(taken).split(b"\0")[:-1][:most]
    if kind == "tracked":
        return [_tracked(field) for field in fields]
    names = [os.fsdecode(field) for field in fields]
    return await opened.workers.run(_looked_at, opened.top, names)


def _tracked(field: bytes) -> FileEntry:
    facts, _, name = field.partition(b"\t")
    mode, object_id, _ = facts.decode("ascii", "replace").split(" ")
    path = os.fsdecode(name)
    return FileEntry(show(path), mode, _TYPES.get(mode, "file"), object_id, name_encoded=is_encoded(path))


def _looked_at(top: Path, names: list[str]) -> list[FileEntry]:
    return [_untracked(top, name) for name in dict.fromkeys(names)]


def _untracked(top: Path, name: str) -> FileEntry:
    odd = is_encoded(name)
    if name.endswith("/"):
        return FileEntry(show(name), None, "repository", name_encoded=odd)
    try:
        found = (top / name).lstat().st_mode
    except OSError:
        return FileEntry(show(name), None, "deleted", name_encoded=odd)
    if stat.S_ISLNK(found):
        return FileEntry(show(name), "120000", "link", name_encoded=odd)
    mode = "100755" if found & stat.S_IXUSR else "100644"
    return FileEntry(show(name), mode, _TYPES.get(mode, "file"), name_encoded=odd)

"""What a list of commits changed: numbers of lines, or texts, of all of them by one command."""

import os
import re
from collections.abc import Sequence

from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import RepoPath
from mcp_ref_git.reading.commits import FileChange
from mcp_ref_git.repository import Opened
from mcp_ref_kit.paths import is_encoded, show

# Of one commit in a list; git_show pages through a longer one.
MOST_PATCH = 20_000
MOST_FILES = 1000
_ID_LINE = re.compile(rb"^(?:[0-9a-f]{40}|[0-9a-f]{64})\n", re.MULTILINE)


def _command(ids: Sequence[str], paths: Sequence[RepoPath]) -> Argv:
    argv = Argv("diff-tree", "--stdin", "-r", "--root", "--find-renames", "--diff-merges=first-parent", "--no-textconv")
    argv.add("--no-ext-diff", "--ignore-submodules=dirty", "--submodule=short", "--src-prefix=a/", "--dst-prefix=b/")
    return argv.feed("".join(f"{one}\n" for one in ids).encode()).paths(paths)


async def stats_of(opened: Opened, ids: Sequence[str], paths: Sequence[RepoPath] = ()) -> dict[str, list[FileChange]]:
    """The files of each commit, with their numbers of lines."""
    answer = await opened.git(_command(ids, paths).add("--numstat", "-z"))
    found: dict[str, list[FileChange]] = {one: [] for one in ids}
    current: list[FileChange] = []
    fields = iter(answer.out.split(b"\0"))
    for field in fields:
        if b"\t" not in field:
            current = found.get(field.decode("ascii", "replace"), [])
            continue
        added, removed, path = field.split(b"\t", 2)
        old = None if path else os.fsdecode(next(fields, b""))
        name = os.fsdecode(path or next(fields, b""))
        if len(current) < MOST_FILES:
            current.append(_change(name, old, added, removed))
    return found


async def patches_of(opened: Opened, ids: Sequence[str], most: int, paths: Sequence[RepoPath] = ()) -> dict[str, bytes]:
    """The text of each commit's diff, as long as together they have room in `most` bytes."""
    collected = bytearray()

    def take(piece: bytes) -> bool:
        collected.extend(piece)
        return len(collected) <= most

    await opened.git(_command(ids, paths).add("--patch"), take=take)
    text = bytes(collected[:most])
    found: dict[str, bytes] = {}
    lines = list(_ID_LINE.finditer(text))
    for number, line in enumerate(lines):
        end = lines[number + 1].start() if number + 1 < len(lines) else len(text)
        found[line.group()[:-1].decode()] = text[line.end() : end]
    return found


def _change(name: str, old: str | None, added: bytes, removed: bytes) -> FileChange:
    binary = added == b"-"
    return FileChange(
        show(name),
        "modified" if old is None else "renamed",
        None if binary else int(added),
        None if binary else int(removed),
        binary=binary,
        old_path=None if old is None else show(old),
        name_encoded=is_encoded(name),
    )

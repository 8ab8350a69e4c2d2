"""Trees read by GitPython: typed objects by full id, in the server's bounded workers, without a process.

Only its parsers are used, on a database that reads files: nothing of it runs git or reads a configuration.
"""

import os
from binascii import unhexlify
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mcp_ref_git.program.words import ObjectId
from mcp_ref_git.reading.trees import list_tree
from mcp_ref_git.repository import Opened, Thing
from mcp_ref_kit.paths import show

if TYPE_CHECKING:
    from git import Repo

# Names of one directory.
MOST_NAMES = 20_000
# A tree of more bytes is asked of the program, which streams it.
MOST_BYTES = 4 * 1024 * 1024
_DIRECTORY = 0o040000


class Objects:
    """What GitPython's objects ask of a repository: its database."""

    def __init__(self, objects: Path) -> None:
        from git.db import GitDB  # noqa: PLC0415  150 ms of import, for what few calls need

        self.odb = GitDB(str(objects))


async def names_in_tree(opened: Opened, tree: Thing) -> list[str]:
    """The names in a directory of a commit; those of directories end in a slash."""
    found = opened.repository.found
    if found.object_format == "sha1" and tree.size <= MOST_BYTES:
        names = await opened.workers.run(_names, found.common_dir / "objects", tree.id)
        if names is not None:
            return names
    entries = await list_tree(opened, tree.id, MOST_NAMES)
    return [f"{entry.path}/" if entry.type == "tree" else entry.path for entry in entries]


def _names(objects: Path, tree: ObjectId) -> list[str] | None:
    """The names, or None for what GitPython cannot read: another format of packs, say."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from git.exc import ODBError  # noqa: PLC0415  as above
    from git.objects import Tree  # noqa: PLC0415  as above

    try:
        read = Tree(cast("Repo", Objects(objects)), unhexlify(tree.text), _DIRECTORY, "")
        return [show(str(entry.name)) + ("/" if entry.type == "tree" else "") for entry in read][:MOST_NAMES]
    except (ODBError, ValueError, OSError):
        return None

"""What a tool is about to overwrite, kept as a commit of its own under `refs/mcp/backup/`."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.environment import OFFLINE
from mcp_ref_git.program.parsing import names
from mcp_ref_git.program.words import Glued, ObjectId, RepoPath
from mcp_ref_git.repository import Opened

NAMESPACE = "refs/mcp/backup/"
SIGNATURE = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "mcp-ref-git"), ("EMAIL", "mcp-ref-git@localhost"))
}


async def save(opened: Opened, paths: Iterable[RepoPath], why: str) -> str:
    """Keep the files beneath these paths as they are in the work tree, and the index; the name of the ref."""
    place = await opened.workers.run(_copied, opened.git_dir / "index")
    variables = {**OFFLINE, "GIT_INDEX_FILE": str(place / "index")}
    try:
        listed = await opened.git(Argv("ls-files", "--cached", "--others", "-z").paths(paths))
        files = [name for name in dict.fromkeys(names(listed.out)) if not name.endswith("/")]
        before = await opened.attempt(Argv("write-tree"), extra=variables)
        feeding = b"".join(os.fsencode(name) + b"\0" for name in files)
        await opened.git(Argv("update-index", "--add", "--remove", "-z", "--stdin").feed(feeding), extra=variables)
        tree = ObjectId.of((await opened.git(Argv("write-tree"), extra=variables)).text.strip())
    finally:
        await opened.workers.run(shutil.rmtree, place, ignore_errors=True)
    head = await opened.head()
    parents = [] if head is None else [head]
    if not before.code:  # an index with conflicts makes no tree
        staged = ObjectId.of(before.text.strip())
        parents.append(await _committed(opened, staged, parents, "The index at that time."))
    kept = await _committed(opened, tree, parents, why)
    return await _named(opened, kept)


async def _committed(opened: Opened, tree: ObjectId, parents: list[ObjectId], why: str) -> ObjectId:
    argv = Argv("commit-tree", "--no-gpg-sign").put(tree)
    for parent in parents:
        argv.add("-p").put(parent)
    argv.feed(f"Kept by mcp-ref-git: {why}\n".encode())
    answer = await opened.git(argv, extra={**OFFLINE, **SIGNATURE})
    return ObjectId.of(answer.text.strip())


async def _named(opened: Opened, commit: ObjectId) -> str:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    ref = Glued(f"{NAMESPACE}{moment}-{secrets.token_hex(3)}")
    await opened.git(Argv("update-ref").put(ref, commit))
    return ref.text


def _copied(index: Path) -> Path:
    place = Path(tempfile.mkdtemp(prefix="mcp-ref-git-"))
    if index.is_file() and not index.is_symlink():
        shutil.copy2(index, place / "index")
    return place

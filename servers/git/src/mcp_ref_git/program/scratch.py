"""A place of our own for an index and new objects, so that a command that computes something leaves nothing behind."""

import os
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from mcp_ref_git.program.environment import OFFLINE
from mcp_ref_kit.workers import Workers


@asynccontextmanager
async def scratch(workers: Workers, git_dir: Path, common_dir: Path) -> AsyncGenerator[dict[str, str]]:
    """Variables for commands whose index and new objects are temporary; the index begins as the repository's."""
    place = await workers.run(_made, git_dir)
    try:
        yield {
            **OFFLINE,
            "GIT_INDEX_FILE": str(place / "index"),
            "GIT_OBJECT_DIRECTORY": str(place / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(str(common_dir / "objects")),
        }
    finally:
        await workers.run(shutil.rmtree, place, ignore_errors=True)


def _made(git_dir: Path) -> Path:
    place = Path(tempfile.mkdtemp(prefix="mcp-ref-git-"))
    (place / "objects").mkdir()
    index = git_dir / "index"
    if index.is_file() and not index.is_symlink():
        shutil.copyfile(index, place / "index")
        status = index.stat()
        os.utime(place / "index", ns=(status.st_atime_ns, status.st_mtime_ns))
    return place


def _quoted(path: str) -> str:
    """Git splits the list at colons, but not inside of quotes."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if ":" in path or path.startswith('"') else path

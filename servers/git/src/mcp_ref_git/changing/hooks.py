"""Whether a repository has hooks: results say so where they did not run. Blocking, but for the last."""

import os
from pathlib import Path

from msgspec.structs import replace

from mcp_ref_git.access.repositories import Repository
from mcp_ref_git.program.hardening import NO_HOOKS
from mcp_ref_git.repository import Opened


def has_hooks(repository: Repository) -> bool:
    """Whether a hook could run: an executable file among the hooks, or one that the configuration defines."""
    if repository.hardening.hooks or any(_names_directory(entry.key) for entry in repository.entries):
        return True
    directory = repository.found.common_dir / "hooks"
    try:
        with os.scandir(directory) as entries:
            return any(_is_hook(Path(entry.path)) for entry in entries)
    except OSError:
        return False


def running_hooks(opened: Opened) -> Opened:
    """The repository for a command whose hooks may run; the programs that its configuration names still may not."""
    hardening = opened.repository.hardening
    pairs = tuple(pair for pair in hardening.pairs if pair not in NO_HOOKS and not pair[0].startswith("hook."))
    return opened.of(replace(opened.repository, hardening=replace(hardening, pairs=pairs)))


def _is_hook(path: Path) -> bool:
    return path.suffix != ".sample" and path.is_file() and os.access(path, os.X_OK)


def _names_directory(key: str) -> bool:
    return key == "core.hookspath" or key.startswith("hook.")

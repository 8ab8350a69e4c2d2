"""A repository's configuration as git reads it, with the files that it comes from."""

import os
from collections.abc import Iterable
from pathlib import Path

from mcp_ref_git.errors import Unsafe
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.hardening import MOST_OVERRIDES, Entry, Hardening, hardened, includes
from mcp_ref_git.program.runner import LOOKING, Git, Where
from mcp_ref_git.settings import Hooks

_FIELDS = 3
_FILE = "file:"
# The scope of what we have set ourselves.
_OURS = "command"


async def read_entries(git: Git, where: Where) -> list[Entry]:
    """Every value of every file, in the order in which they count; files that are included are followed."""
    listing = Argv("config", "--list", "-z", "--show-scope", "--show-origin", "--includes")
    answer = await git.must(where, listing, bounds=LOOKING)
    if answer.cut:
        raise Unsafe("The configuration of this repository is too long.")
    return parse_entries(answer.out)


def parse_entries(listed: bytes) -> list[Entry]:
    """The entries of `config --list -z --show-scope --show-origin` that stand in files. Pure."""
    fields = os.fsdecode(listed).split("\0")
    records = zip(*[iter(fields)] * _FIELDS, strict=False)
    found: list[Entry] = []
    for scope, origin, text in records:
        key, _, value = text.partition("\n")
        if scope == _OURS:
            continue
        found.append(Entry(scope, origin.removeprefix(_FILE), key, value))
    return found


def harden(entries: Iterable[Entry], hooks: Hooks) -> Hardening:
    """The overrides for a repository.

    Raises:
        Unsafe: they are too many, or what counts could change within a command.
    """
    found = hardened(entries, hooks)
    if len(found.pairs) > MOST_OVERRIDES:
        raise Unsafe("The configuration of this repository names too many programs.")
    if found.unsteady is not None:
        raise Unsafe("The configuration of this repository depends on its branch or remotes (includeIf).")
    return found


def files_of(entries: Iterable[Entry], git_dir: Path, common_dir: Path) -> tuple[Path, ...]:
    """Every file that the entries come from or could come from: also those that are included and not there yet."""
    entries = list(entries)
    origins = {Path(entry.origin) for entry in entries if entry.origin.startswith("/")}
    origins |= {common_dir / "config", git_dir / "config.worktree", common_dir / "config.worktree"}
    origins |= {_target(entry) for entry in entries if entry.key.startswith("include") and entry.key.endswith(".path")}
    return tuple(sorted(origins))


def shifting(entries: Iterable[Entry], top: Path | None) -> bool:
    """Whether a file of the work tree is part of the configuration: a command that writes files could change it."""
    return top is not None and any(_is_within(_target(entry), top) for entry in includes(entries))


def state_of(files: Iterable[Path]) -> tuple[tuple[int, ...] | None, ...]:
    """What changes when one of the files does. Blocking, for a moment."""
    return tuple(_state(path) for path in files)


def _target(entry: Entry) -> Path:
    written = entry.value
    home = os.environ.get("HOME", "/")
    named = Path(home, written[2:]) if written.startswith("~/") else Path(entry.origin).parent / written
    return Path(os.path.normpath(named))


def _is_within(path: Path, top: Path) -> bool:
    real = Path(os.path.realpath(path))
    return any(place == top or top in place.parents for place in (path, real)) and ".git" not in path.parts


def _state(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)

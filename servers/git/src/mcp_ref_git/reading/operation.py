"""Which operation a repository is in the middle of, and whether its saved state would run anything. Blocking."""

from pathlib import Path
from typing import Literal

from mcp_ref_git.access.files import read_plain
from mcp_ref_git.errors import Policy

Operation = Literal["merge", "rebase", "cherry-pick", "revert", "bisect"]

_MARKS: tuple[tuple[str, Operation], ...] = (
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
)
# Lines of a saved to-do list that only move commits; `exec` runs a command, and the list came with the repository.
_HARMLESS = frozenset(
    {
        *("p", "pick", "r", "reword", "e", "edit", "s", "squash", "f", "fixup", "d", "drop", "l", "label"),
        *("t", "reset", "m", "merge", "noop", "b", "break", "u", "update-ref", "revert"),
    }
)
_STRATEGIES = frozenset({"", "ort", "recursive", "resolve", "octopus", "ours", "subtree"})
_MOST = 1_000_000


def operation_of(git_dir: Path) -> Operation | None:
    """What is under way."""
    for name, operation in _MARKS:
        if (git_dir / name).exists():
            return operation
    sequence = _read(git_dir / "sequencer" / "todo")
    if sequence:
        return "revert" if sequence.lstrip().startswith("revert") else "cherry-pick"
    return None


def check_saved_state(git_dir: Path) -> None:
    """Refuse to go on with an operation whose saved state would run a command.

    Raises:
        Policy: it would, or cannot be read.
    """
    for name in ("rebase-merge/git-rebase-todo", "sequencer/todo"):
        for line in _read(git_dir / name).splitlines():
            words = line.split()
            if words and not words[0].startswith("#") and words[0] not in _HARMLESS:
                raise Policy(f"The saved list of this operation holds `{words[0][:20]}`, which would run a command.")
    strategy = _read(git_dir / "rebase-merge" / "strategy").strip()
    options = _read(git_dir / "sequencer" / "opts")
    named = [
        line.partition("=")[2].strip(' \t"')
        for line in options.splitlines()
        if line.split("=")[0].strip() == "strategy"
    ]
    if any(one not in _STRATEGIES for one in (strategy, *named)):
        raise Policy("The saved state of this operation names a merge strategy that is a program of its own.")


def _read(path: Path) -> str:
    try:
        return read_plain(path, _MOST).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise Policy("The saved state of this operation cannot be read.") from error

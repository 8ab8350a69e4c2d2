"""Where the parts of a repository really lie: links, gitfiles and alternates are followed, and judged. Blocking.

A cloned or unpacked repository can point anywhere with any of them; each of `.git` as a file, `objects/info/alternates`
and a link among the objects has been seen to read another repository on the same disk.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from stat import S_ISREG

from mcp_ref_git.access.files import is_waited_for, read_plain, special
from mcp_ref_git.errors import Unsafe

# Alternates of alternates; git itself stops at five.
MOST_DEEP = 5
# Names looked at in one repository. One with a million loose refs has no room for links to hide in: it is refused.
MOST_NAMES = 200_000

# Never read by a command of ours: hooks do not run, and what is beneath the others is judged when it is used.
_SKIPPED = frozenset({"hooks", "modules", "worktrees", "lfs", "annex", "rr-cache"})

# Longer than any list of alternates.
_MOST_BYTES = 1024 * 1024
_POINTER = b"gitdir: "

# Where links among the refs would be; one deeper is found when something beside it changes.
_REFS = (".", "heads", "tags", "remotes", "remotes/origin")

# Where git keeps operations that are under way, and looks at every status.
_UNDER_WAY = ("sequencer", "rebase-merge", "rebase-apply")

Holds = Callable[[str | Path], bool]


def check_entrance(directory: Path, highest: Path) -> None:
    """Before any program is asked about a directory: where one would look first, nothing is to be waited for.

    Raises:
        Unsafe: there is a pipe or a device.
    """
    for place in (directory, *directory.parents):
        found = _entrance(place / ".git")
        if found is not None:
            check_plain(found)
            common = _told(found / "commondir")
            if common is not None:
                check_plain(found / os.fsdecode(common))
            return
        if place == highest:
            return


def check_plain(directory: Path) -> None:
    """The same for what lies at the top of a git directory.

    Raises:
        Unsafe: there is a pipe or a device.
    """
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                _require_plain(entry.path)
    except OSError:
        return  # git has the words for it


def check_parts(git_dir: Path, common_dir: Path, holds: Holds) -> None:
    """Follow every link of the git directory but for those among the objects.

    Raises:
        Unsafe: something leads out of the allowed set, or cannot be followed.
    """
    budget = _Budget()
    for directory in dict.fromkeys((git_dir, common_dir)):
        _require(str(directory), holds)
        for link in _links(directory, budget, skipped=_SKIPPED | {"objects"}):
            _require(link, holds)


def check_objects(common_dir: Path, holds: Holds) -> None:
    """Follow every link among the objects, and the alternates.

    Raises:
        Unsafe: something leads out of the allowed set, or cannot be followed.
    """
    _check_objects(common_dir / "objects", holds, 0)


def looks_bare(directory: Path) -> bool:
    """Whether a directory is itself what `.git` usually is."""
    return (directory / "HEAD").is_file() and (directory / "objects").is_dir() and (directory / "refs").is_dir()


def identities(git_dir: Path, common_dir: Path, top: Path | None) -> tuple[object, ...]:
    """Which things the parts are: where one is replaced, the repository is another."""
    names = ("HEAD", "index", "packed-refs", "refs", "objects", "commondir", "gitdir")
    seen = [_identity(directory / name) for directory in dict.fromkeys((git_dir, common_dir)) for name in names]
    if top is not None:
        seen += [_identity(top), _identity(top / ".git")]
    return tuple(seen)


def state_of_parts(git_dir: Path, common_dir: Path) -> tuple[object, ...]:
    """What changes when a link or a pipe could have appeared beside the objects."""
    refs = common_dir / "refs"
    beside = (git_dir / name for name in _UNDER_WAY)
    places = (git_dir, common_dir, common_dir / "info", *beside, *(refs / name for name in _REFS))
    return tuple(_state(place) for place in places)


def state_of_objects(common_dir: Path) -> tuple[object, ...]:
    """The same for the objects; few commands change this."""
    objects = common_dir / "objects"
    return tuple(_state(objects / name) for name in (".", "pack", "info", "info/alternates"))


class _Budget:
    """Counts names."""

    def __init__(self) -> None:
        self._left = MOST_NAMES

    def spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Unsafe(f"The repository has more than {MOST_NAMES} loose files; pack it (git gc) to use it here.")


def _links(directory: Path, budget: _Budget, skipped: frozenset[str] = frozenset()) -> Iterator[str]:
    """Every link in a directory; `skipped` are names at its top."""
    waiting = [str(directory)]
    top = True
    while waiting:
        place = waiting.pop()
        try:
            entries = os.scandir(place)
        except OSError as error:
            if top:
                raise Unsafe("A part of the repository cannot be read.") from error
            continue
        with entries:
            for entry in entries:
                budget.spend()
                if entry.is_symlink():
                    yield entry.path
                elif entry.is_dir(follow_symlinks=False):
                    waiting += [] if top and entry.name in skipped else [entry.path]
                elif not entry.is_file(follow_symlinks=False):
                    _require_plain(entry.path)
        top = False


def _check_objects(objects: Path, holds: Holds, depth: int) -> None:
    if depth > MOST_DEEP:
        raise Unsafe("The alternates of this repository lead through too many others.")
    _require(str(objects), holds)
    for link in _links(Path(os.path.realpath(objects)), _Budget()):
        _require(link, holds)
    for alternate in _alternates(objects):
        _check_objects(alternate, holds, depth + 1)


def _alternates(objects: Path) -> Iterator[Path]:
    try:
        text = read_plain(objects / "info" / "alternates", _MOST_BYTES)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unsafe("The list of alternates cannot be read.") from error
    for line in text.split(b"\n"):
        if line.startswith(b'"'):
            raise Unsafe("The list of alternates names a place that cannot be judged.")
        if line and not line.startswith(b"#"):
            yield objects / os.fsdecode(line)


def _require(path: str, holds: Holds) -> None:
    if not holds(path):
        raise Unsafe(
            "A part of this repository lies outside of what is allowed.",
            hint="Ask the operator to allow the directory that holds it too.",
        )
    _require_plain(path)


def _require_plain(path: str) -> None:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  links followed: what git would open
    except OSError:
        return
    if is_waited_for(mode):
        raise special()


def _entrance(dot_git: Path) -> Path | None:
    """The git directory that `.git` is or names; None where there is none."""
    if dot_git.is_dir():
        return dot_git
    if not os.path.lexists(dot_git):
        return None
    _require_plain(str(dot_git))
    pointer = _told(dot_git) or b""
    return dot_git.parent / os.fsdecode(pointer.removeprefix(_POINTER)) if pointer.startswith(_POINTER) else dot_git


def _told(path: Path) -> bytes | None:
    """What a file of one line says."""
    try:
        return read_plain(path, _MOST_BYTES).strip().replace(b"\0", b"") or None
    except OSError:
        return None


def _identity(path: Path) -> tuple[int, ...] | None:
    """Which thing has this name, unless it is an ordinary file: git replaces those all the time."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return (status.st_mode,) if S_ISREG(status.st_mode) else (status.st_mode, status.st_dev, status.st_ino)


def _state(path: Path) -> tuple[int, ...] | None:
    """The thing and when it last changed."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return (status.st_mode, status.st_dev, status.st_ino, status.st_mtime_ns)

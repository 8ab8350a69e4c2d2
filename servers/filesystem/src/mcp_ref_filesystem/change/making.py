"""Making directories, each through the handle of its parent, recorded so that it can be undone. Blocking."""

import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress

from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.access.rules import Kind
from mcp_ref_filesystem.change.atomic import is_temporary
from mcp_ref_filesystem.change.recording import Recording
from mcp_ref_filesystem.change.saving import absolute
from mcp_ref_filesystem.history.steps import MadeDirectory
from mcp_ref_kit.paths import AlreadyExists, InvalidPath, JailPath, NotADirectory, NotFound, PathError, Spot


def missing_directories(target: Located, *, itself: bool = False) -> list[JailPath]:
    """The directories on the way that do not exist, the outermost first; with `itself` the target is one of them.

    The paths are resolved: links among the existing part are already followed.

    Raises:
        NotADirectory: something else is in the way.
        InvalidPath: `..` after a name that does not exist.
    """
    parts = target.path.parts
    wanted = parts if itself else parts[:-1]
    for end in range(len(wanted), -1, -1):
        try:
            found = target.root.stat(JailPath(parts[:end], target.written))
        except NotFound:
            continue
        if not stat.S_ISDIR(found.stat.st_mode):
            raise NotADirectory(target.written)
        rest = wanted[end:]
        if ".." in rest:
            raise InvalidPath(target.written, f"`{target.written}` goes up from a directory that does not exist.")
        start = found.resolved.parts
        return [JailPath((*start, *rest[: count + 1]), target.written) for count in range(len(rest))]
    raise NotFound(target.written)


def place_of(target: Located, *, follow: bool = False, exact: bool = False, makes: Kind = "file") -> Spot:
    """The target's spot, judged as a write also where the directory for it is missing.

    Raises:
        Refused, NotFound, RootItself
    """
    if is_temporary(target.path.name):
        message = f"`{target.written}` has a name that this server keeps for its own drafts, which it removes."
        raise InvalidPath(target.written, message)
    try:
        return target.spot(follow=follow, exact=exact, makes=makes)
    except NotFound:
        missing = missing_directories(target, itself=True)
        if missing:
            target.judge(missing[-1], write=True, makes=makes)
        raise


@contextmanager
def made_directories(record: Recording, target: Located, missing: list[JailPath]) -> Generator[None]:
    """Make directories and keep them if the block succeeds, else remove them again.

    Raises:
        Refused: a rule denies one of them; none is made.
    """
    for path in missing:
        target.judge(path, write=True, makes="directory")
        record.add(MadeDirectory(path=absolute(target, path)))
    if missing:
        record.save()
    made: list[Spot] = []
    try:
        for path in missing:
            spot = _made(target, path)
            if spot is not None:
                made.append(spot)
        yield
    except BaseException:  # a cancelled call leaves nothing behind either
        for spot in reversed(made):
            with suppress(PathError):
                spot.rmdir()
        raise
    finally:
        for spot in made:
            spot.close()


def _made(target: Located, path: JailPath) -> Spot | None:
    """Make one directory and answer its spot; None if it has appeared meanwhile, which will do."""
    spot = target.root.parent(path)
    try:
        target.judge(spot.resolved, write=True, makes="directory")
        try:
            spot.mkdir()
        except AlreadyExists:
            if not stat.S_ISDIR(spot.lstat().st_mode):
                raise
            spot.close()
            return None
    except BaseException:  # nobody else owns the handle yet
        spot.close()
        raise
    return spot

"""From a caller's path to a listener for it: which directories to watch, and for which name in them. Blocking."""

from collections import deque
from functools import partial
from pathlib import Path

from mcp_protocol import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.results import joined
from mcp_ref_filesystem.search.walk import MOST_NAMES, names_of
from mcp_ref_kit.paths import JailPath, NotADirectory, NotFound, PathError, show
from mcp_ref_kit.watching import Listener, Registration, Watchers

# Directories of a tree that is watched as a whole; each is registered by itself.
MOST_BENEATH = 200


def listen(watchers: Watchers, listener: Listener, located: Located, *, recursive: bool = False) -> None:
    """Tell a listener of changes of a file (also of one yet to be made), or of the entries of a directory.

    Raises:
        PathError: the directory is not there.
        Refused: a rule denies the path.
        ToolError: it cannot be watched.
    """
    try:
        with located.open_directory() as directory:
            path = directory.resolved
    except (NotADirectory, NotFound):
        _listen_for_name(watchers, listener, located)
        return
    _register(watchers, located, path, Registration(listener, located.written, None))
    if recursive:
        _listen_beneath(watchers, listener, located, path)


def _listen_for_name(watchers: Watchers, listener: Listener, located: Located) -> None:
    """Watch the directory for one name: whoever replaces a file by another changes nothing else."""
    try:
        path = located.stat().resolved
    except NotFound:
        path = located.path  # not there yet, or no more
    located.judge(path)
    with located.root.parent(path) as spot:
        parent = JailPath(spot.resolved.parts[:-1], located.written)
        name = show(spot.name)
    _register(watchers, located, parent, Registration(listener, located.written, name))


def _listen_beneath(watchers: Watchers, listener: Listener, located: Located, top: JailPath) -> None:
    waiting = deque([(top, located.written)])
    count = 0
    while waiting:
        path, label = waiting.popleft()
        for name in _directories(located, path):
            count += 1
            if count > MOST_BENEATH:
                sentence = f"`{located.written}` has more than {MOST_BENEATH} directories."
                raise ToolError(sentence, code="too_large", hint="Watch fewer of them, or without `recursive`.")
            child, below = path.child(name), joined(label, show(name))
            _register(watchers, located, child, Registration(listener, below, None))
            waiting.append((child, below))


def _directories(located: Located, path: JailPath) -> list[str]:
    """The directories in a directory that may be looked into."""
    try:
        with located.root.open_directory(path) as directory:
            names = names_of(directory, most=MOST_NAMES).directories
    except PathError:
        return []  # it went meanwhile, or may not be read
    return [name for name in names if located.allows(path.child(name))]


def _register(watchers: Watchers, located: Located, path: JailPath, registration: Registration) -> None:
    """Register for a directory by its resolved path, which is opened in the jail each time."""
    opened = partial(located.root.open_directory, path)
    watchers.register(opened, Path(located.root.real, *path.parts), registration)

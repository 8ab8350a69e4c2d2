"""Judges everything in a directory before it is moved, copied or removed as a whole. Blocking, stoppable."""

import os
from collections.abc import Iterator

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.access.rules import Kind, Parts
from mcp_ref_filesystem.change.recording import Check
from mcp_ref_kit.paths import Directory, JailPath

# One handle is held for each level.
_DEEPEST = 256


def judge_contents(
    source: Located, directory: Directory, stop: Check, *, most: int, taken: bool, to: tuple[Located, JailPath] | None
) -> None:
    """Refuse if anything in the directory may not be read (or, where it is `taken` away, written) where it is now.

    With `to`, also if anything would land where it may not be written: the place and the new resolved path.

    Raises:
        Refused: with the path of the first thing that a rule forbids.
        ToolError: `too_large`, more than `most` entries, or too many levels.
    """
    for count, (below, kind) in enumerate(_everything(directory, (), stop)):
        if count >= most:
            raise ToolError(f"The directory `{source.written}` has more than {most} entries.", code="too_large")
        source.judge(_beneath(directory.resolved, below), write=taken, makes=kind)
        if to is not None:
            place, target = to
            place.judge(_beneath(target, below), write=True, makes=kind)


def _beneath(path: JailPath, below: Parts) -> JailPath:
    for name in below:
        path = path.child(name)
    return path


def _everything(directory: Directory, names: Parts, stop: Check) -> Iterator[tuple[Parts, Kind]]:
    """Each thing in the directory with its names from the top, a directory before what is in it."""
    if len(names) > _DEEPEST:
        raise ToolError(f"A directory is more than {_DEEPEST} levels deep.", code="too_large")
    with directory.scan() as entries:
        found: list[tuple[str, Kind]] = [(entry.name, _kind(entry)) for entry in entries]
    for name, kind in found:
        stop.check()
        yield (*names, name), kind
        if kind == "directory":
            with directory.open_directory(name) as below:
                yield from _everything(below, (*names, name), stop)


def _kind(entry: os.DirEntry[str]) -> Kind:
    if entry.is_symlink():
        return "link"
    return "directory" if entry.is_dir(follow_symlinks=False) else "file"

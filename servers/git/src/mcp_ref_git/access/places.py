"""Where something new may be put: beneath an allowed directory, through no link, over nothing. Blocking."""

import os
from pathlib import Path

from mcp_protocol import ToolError
from mcp_ref_git.access.allowed import Reach
from mcp_ref_git.errors import BadArgument, Denied, Policy
from mcp_ref_git.program.redaction import named

_LONGEST = 4096


def free_place(reach: Reach, written: str, *, may_exist: bool = False, inside: Path | None = None) -> Path:
    """A caller's path for a new directory, without links; `inside` stands for a relative path's beginning.

    `may_exist`: an empty directory is as good as none. A place that is one repository takes only work trees of its own.

    Raises:
        Denied: outside. BadArgument: no path. ToolError: `already_exists`.
    """
    if not written or "\0" in written or len(written) > _LONGEST:
        raise BadArgument("The path must name a new directory.")
    if ".." in Path(written).parts or not (written.startswith("/") or inside is not None):
        raise BadArgument(f"`{named(written)}` must be an absolute path without `..`.")
    path = Path(written) if inside is None else inside / written
    real = Path(os.path.realpath(path.parent)) / path.name
    if any(part.casefold() == ".git" for part in real.parts):
        raise Policy("Nothing is put into a `.git` directory.")
    holding = [place for place in reach.places if place.holds(real) and (inside is not None or not place.whole)]
    if not holding or any(real == place.real for place in holding):
        raise Denied(named(written))
    if os.path.lexists(real) and not (may_exist and _is_empty(real)):
        raise ToolError(f"`{named(written)}` already exists.", code="already_exists")
    return real


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())

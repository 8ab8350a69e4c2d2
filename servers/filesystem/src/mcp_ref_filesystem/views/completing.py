"""Paths that begin with what has been typed, inside the directories of the call. Blocking."""

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_filesystem.access.reach import Reach
from mcp_ref_filesystem.search.walk import MOST_NAMES, names_of, shown

# What a completion may hold (2025-11-25, completion).
MOST = 100


class Suggestions(Struct, frozen=True):
    """The first paths, and whether there are more."""

    paths: list[str]
    has_more: bool


def suggestions(reach: Reach, typed: str) -> Suggestions:
    """Paths that continue a path; directories end in a slash. What cannot be listed has none."""
    directory, _, prefix = typed.rpartition("/")
    if "/" in typed:
        found = _places(reach, typed) + _names(reach, f"{directory}/", prefix)
    elif len(reach.places) == 1:
        found = _names(reach, "", prefix)
    else:
        found = _places(reach, typed)
    found = list(dict.fromkeys(found))
    return Suggestions(found[:MOST], len(found) > MOST)


def _places(reach: Reach, typed: str) -> list[str]:
    """The allowed directories whose path begins so."""
    paths = (f"{place.path}/" for place in reach.places)
    return [path for path in shown(list(paths)) if path.startswith(typed) and path != typed]


def _names(reach: Reach, directory: str, prefix: str) -> list[str]:
    try:
        with reach.locate(directory or ".").open_directory() as opened:
            listed = names_of(opened, most=MOST_NAMES)
    except ToolError:
        return []  # not there, outside, or denied: all of them look alike
    names = [f"{name}/" for name in shown(listed.directories)] + shown(listed.files)
    return [directory + name for name in names if name.startswith(prefix)]

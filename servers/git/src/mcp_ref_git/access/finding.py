"""The repositories beneath a directory, found by their names alone and without following links. Blocking."""

import os
from pathlib import Path

from mcp_ref_git.access.allowed import Allowed
from mcp_ref_git.access.layout import looks_bare

# Deeper than people keep their repositories, and more than they have.
MOST_DEEP = 5
MOST_DIRECTORIES = 20_000
MOST_FOUND = 500

_NEVER = frozenset({"node_modules", ".venv", "__pycache__", ".cache"})


def beneath(place: Allowed) -> list[Path]:
    """Top levels and bare repositories in the order of their paths."""
    if place.whole:
        return [place.real]
    found: list[Path] = []
    waiting = [(place.real, 0)]
    looked = 0
    while waiting and looked < MOST_DIRECTORIES and len(found) < MOST_FOUND:
        directory, depth = waiting.pop()
        looked += 1
        if (directory / ".git").exists() or looks_bare(directory):
            found.append(directory)
        if depth < MOST_DEEP and not looks_bare(directory):
            waiting += [(child, depth + 1) for child in _directories(directory)]
    return sorted(found)


def _directories(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            return [
                Path(entry.path)
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and entry.name != ".git" and entry.name not in _NEVER
            ]
    except OSError:
        return []


def short_names(paths: list[Path]) -> dict[str, Path]:
    """A short name for each: its last part, with more of its path where two would be the same."""
    names: dict[str, Path] = {}
    for path in paths:
        parts = path.parts[1:]
        name = next(
            (candidate for length in range(1, len(parts) + 1) if (candidate := "~".join(parts[-length:])) not in names),
            "~".join(parts),
        )
        names[name] = path
    return names

"""Whether names that differ only in case, or in invisible characters, are one name: found out by looking."""

import os
import re
import unicodedata

from mcp_ref_kit.paths.root import Root

# What case-insensitive file systems ignore in names (HFS+, and git's list of it), with Unicode's other
# characters of no width; NTFS and Windows drop dots and spaces at the end.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)


def folded(name: str) -> str:
    """What a name is to the most forgiving of file systems: compare these to be on the safe side."""
    if name.isascii():
        return name.lower().rstrip(". ")
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFC", name))
    return unicodedata.normalize("NFC", visible.casefold()).rstrip(". ")


def folds_case(root: Root) -> bool:
    """Whether the directory's own file system ignores case; True where nothing in it tells.

    A directory further down may differ (a mount, ext4's casefold flag); that is not looked for.
    """
    with root.open_directory(".") as directory, directory.scan() as entries:
        for entry in entries:
            other = entry.name.swapcase()
            if other != entry.name and entry.name.isascii():
                return _is_same(directory.fd, entry.name, other)
    return True


def _is_same(directory: int, name: str, other: str) -> bool:
    try:
        found = os.stat(other, dir_fd=directory, follow_symlinks=False)
        return os.path.samestat(found, os.stat(name, dir_fd=directory, follow_symlinks=False))
    except OSError:
        return False

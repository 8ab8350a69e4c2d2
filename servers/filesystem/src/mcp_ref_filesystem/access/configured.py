"""The operator's `DIR[:ro]` arguments, read and made absolute. Links on the way are settled here, once."""

import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from mcp_protocol.errors import SettingsError

_READ_ONLY = ":ro"


class Configured(Struct, frozen=True):
    """One directory; `real` is its path without links, as far as it exists."""

    path: Path
    real: Path
    read_only: bool


def configured(texts: Iterable[str]) -> list[Configured]:
    """The directories in their order, each once.

    Raises:
        SettingsError: a text is empty, or one directory is given both as read-only and as writable.
    """
    found: dict[Path, Configured] = {}
    for text in _joined(texts):
        one = _read(text)
        if found.setdefault(one.real, one).read_only != one.read_only:
            raise SettingsError(f"The directory {one.path} is given both as read-only and as writable.")
    return list(found.values())


def _joined(texts: Iterable[str]) -> list[str]:
    """`/a:ro` taken apart at the colon, as MCP_DIRS is, is put together again; a directory `ro` is written `./ro`."""
    joined: list[str] = []
    for text in texts:
        if text == _READ_ONLY.strip(":") and joined:
            joined[-1] += _READ_ONLY
        else:
            joined.append(text)
    return joined


def _read(text: str) -> Configured:
    name = text.removesuffix(_READ_ONLY)
    if not name or "\0" in name:
        raise SettingsError(f"An allowed directory needs a name, got {text!r}.")
    path = Path(os.path.normpath(Path(name).absolute()))  # `..` goes by the text, as a shell's own does
    return Configured(path, Path(os.path.realpath(path)), text.endswith(_READ_ONLY))

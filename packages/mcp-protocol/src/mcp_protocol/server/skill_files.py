"""Skills read from a directory, once when the server starts: what is listed is what is served.

A skill is a directory with a SKILL.md; directories above it are part of its URI. Bounds are those of SEP-2640.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_protocol.limits import MIB
from mcp_protocol.server import frontmatter
from mcp_protocol.server.context import Context
from mcp_protocol.server.entries import ResourceEntry
from mcp_protocol.server.skills import SCHEME, Skills
from mcp_protocol.types import Resource
from mcp_protocol.types.skills import Skill, SkillFile

MANIFEST = "SKILL.md"

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NAME_LENGTH = 64
_DESCRIPTION_LENGTH = 1024
_RESERVED = "io.modelcontextprotocol/"
_FILES = 512
_SIZE = 16 * MIB
# All skills together stay in memory, so that a file is what its digest says.
_ALL = 4 * _SIZE

_TYPES = {
    ".css": "text/css",
    ".csv": "text/csv",
    ".html": "text/html",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}


class Held(Struct, frozen=True):
    """What a file of a skill holds: text where it is UTF-8, else bytes."""

    data: str | bytes

    async def read(self, ctx: Context[Any]) -> str | bytes:
        """The handler of its resource."""
        del ctx
        return self.data


def load(root: Path) -> Skills:
    """All skills below a directory.

    Raises:
        SettingsError: there is none, or one breaks the rules; the file is named.
    """
    found, room = Skills(), _ALL
    for manifest in sorted(root.rglob(MANIFEST)):
        skill, files = _skill(root, manifest.parent)
        room -= sum(file.size for file in skill.resources)
        if room < 0:
            raise SettingsError(f"The skills in {root} have more than {_ALL} bytes together.")
        found.add(skill, files)
    if not found.skills:
        raise SettingsError(f"There is no {MANIFEST} below {root}.")
    return found


def _skill(root: Path, home: Path) -> tuple[Skill, list[ResourceEntry]]:
    place = home.relative_to(root)
    if place == Path() or any((root / parent / MANIFEST).exists() for parent in place.parents):
        raise SettingsError(f"{home} must be a directory below {root}, and not inside another skill.")
    files: list[ResourceEntry] = []
    listed: list[SkillFile] = []
    header: dict[str, Any] = {}
    room = _SIZE
    for path in _files(home):
        raw = path.read_bytes()
        uri = _uri(path.relative_to(root))
        room -= len(raw)
        if len(listed) >= _FILES or room < 0:
            raise SettingsError(f"A skill has at most {_FILES} files and {_SIZE} bytes; {home} has more.")
        if path == home / MANIFEST:
            header = _header(path, raw)
        listed.append(SkillFile(uri, f"sha256:{hashlib.sha256(raw).hexdigest()}", len(raw)))
        files.append(_entry(path.name, uri, raw, header if path == home / MANIFEST else None))
    return Skill(uri=_uri(place / MANIFEST), frontmatter=header, resources=listed), files


def _files(home: Path) -> Iterator[Path]:
    """Every file, in a fixed order; what is hidden or compiled is no part of a skill."""
    for path in sorted(home.iterdir()):
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise SettingsError(f"{path} is neither a file nor a directory; links have no place in a skill.")
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _header(path: Path, raw: bytes) -> dict[str, Any]:
    try:
        header = frontmatter.read(raw.decode())
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from error
    name, description = header.get("name"), header.get("description")
    if not isinstance(name, str) or len(name) > _NAME_LENGTH or not _NAME.fullmatch(name) or name != path.parent.name:
        raise SettingsError(f"{path}: name must be that of its directory, in lower-case letters, digits and hyphens.")
    if not isinstance(description, str) or not 0 < len(description) <= _DESCRIPTION_LENGTH:
        raise SettingsError(f"{path}: description must have 1 to {_DESCRIPTION_LENGTH} characters.")
    metadata: object = header.get("metadata")
    if isinstance(metadata, dict) and any(str(key).startswith(_RESERVED) for key in metadata):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  JSON
        raise SettingsError(f"{path}: metadata keys under {_RESERVED} are reserved.")
    return header


def _uri(path: Path) -> str:
    return SCHEME + "/".join(quote(part, safe="") for part in path.parts)


def _entry(name: str, uri: str, raw: bytes, header: dict[str, Any] | None) -> ResourceEntry:
    """The resource of a file; a SKILL.md, which has a header, stands for its skill where resources are listed."""
    try:
        held, kind = Held(raw.decode()), "text/plain"
    except UnicodeDecodeError:
        held, kind = Held(raw), "application/octet-stream"
    about = header or {"name": name}
    resource = Resource(
        uri=uri,
        name=about["name"],
        description=about.get("description"),
        mime_type=_TYPES.get(Path(name).suffix.lower(), kind),
        size=len(raw),
    )
    return ResourceEntry(uri=uri, definition=resource, function=held.read, static=True, listed=header is not None)

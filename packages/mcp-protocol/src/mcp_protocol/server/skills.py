"""The skills of a running server: what is listed, what is read, what is in which directory (SEP-2640)."""

from mcp_protocol.errors import ResourceNotFound
from mcp_protocol.server.entries import ResourceEntry
from mcp_protocol.types import Resource
from mcp_protocol.types.skills import Skill

DIRECTORY = "inode/directory"
SCHEME = "skill://"


class Skills:
    """Skills by the URI of their SKILL.md, their files, and the directories that these are in."""

    def __init__(self) -> None:
        self.skills: dict[str, Skill] = {}
        self.files: dict[str, ResourceEntry] = {}
        self._children: dict[str, dict[str, Resource]] = {}

    def add(self, skill: Skill, files: list[ResourceEntry]) -> None:
        """Serve one more skill."""
        self.skills[skill.uri] = skill
        for file in files:
            self.files[file.uri] = file
            self._place(file.definition)

    def directory(self, uri: str) -> list[Resource]:
        """What is directly in a directory.

        Raises:
            ResourceNotFound: it is none of ours.
        """
        found = self._children.get(uri.removesuffix("/"))
        if found is None:
            raise ResourceNotFound(uri)
        return list(found.values())

    def _place(self, resource: Resource) -> None:
        """Put a file, and each directory above it that is new, where it is found from above."""
        above = resource.uri.rpartition("/")[0]
        is_new = above not in self._children
        self._children.setdefault(above, {})[resource.uri] = resource
        name = above.removeprefix(SCHEME)
        if is_new and "/" in name:
            self._place(Resource(uri=above, name=name.rpartition("/")[2], mime_type=DIRECTORY))

"""Skills (SEP-2640): what a model can learn from a server, as files with a header. Since 2026-07-28."""

from typing import Any

from mcp_protocol.types.resources import Resource
from mcp_protocol.types.structs import CacheableResult, PaginatedResult, Params, Wire

SKILLS = "io.modelcontextprotocol/skills"


class SkillFile(Wire, frozen=True):
    """One file of a skill; digest and size are those of its raw bytes."""

    uri: str
    digest: str
    size: int


class Skill(Wire, frozen=True, kw_only=True):
    """One skill: the URI of its SKILL.md, that file's header as it stands, and every file it has."""

    uri: str
    frontmatter: dict[str, Any]
    resources: list[SkillFile]


class ListSkillsResult(PaginatedResult, frozen=True, kw_only=True):
    """One page of skills; none is split."""

    skills: list[Skill]


class GetSkillParams(Params, frozen=True, kw_only=True):
    """Which skill, by the URI of its SKILL.md."""

    uri: str


class GetSkillResult(CacheableResult, frozen=True, kw_only=True):
    """The one that was asked for."""

    skill: Skill


class ReadDirectoryParams(Params, frozen=True, kw_only=True):
    """Which directory, and from where on."""

    uri: str
    cursor: str | None = None


class ReadDirectoryResult(PaginatedResult, frozen=True, kw_only=True):
    """One page of what is directly in a directory; directories in it have the type `inode/directory`."""

    resources: list[Resource]

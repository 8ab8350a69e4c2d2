"""The methods of the skills extension (SEP-2640); files of skills are read as resources."""

from typing import Any

from mcp_protocol.errors import InvalidParams
from mcp_protocol.server.context import Context
from mcp_protocol.server.listing import LIST_TTL, Rest, fixed, page
from mcp_protocol.server.results import Answer, typed
from mcp_protocol.server.running import Running
from mcp_protocol.server.skills import Skills
from mcp_protocol.session.calls import Principal
from mcp_protocol.types import PaginatedResult
from mcp_protocol.types.skills import (
    GetSkillParams,
    GetSkillResult,
    ListSkillsResult,
    ReadDirectoryParams,
    ReadDirectoryResult,
    Skill,
)

# A skill with all its files has up to 80 KiB of entry, and is never split: a hundred of them fit into one reply.
_PAGE = 100


async def list_skills(app: Running, ctx: Context[Any]) -> Answer:
    """The skills, by their URIs."""
    return fixed(app, ctx, _visible, _listed, most=_PAGE)


async def get_skill(app: Running, ctx: Context[Any]) -> Answer:
    """One skill."""
    params = typed(ctx.call.params, GetSkillParams, "skills/get needs a uri")
    found = _skills(app).skills.get(params.uri)
    if found is None:
        raise InvalidParams("Unknown skill", data={"uri": params.uri})
    return GetSkillResult(skill=found, ttl_ms=LIST_TTL, cache_scope=app.list_scope)


async def read_directory(app: Running, ctx: Context[Any]) -> Answer:
    """What is directly in a directory of a skill."""
    params = typed(ctx.call.params, ReadDirectoryParams, "resources/directory/read needs a uri")
    children = _skills(app).directory(params.uri)
    # A cursor of another directory does not open.
    place = f"{ctx.call.method} {params.uri}"
    offset = app.cursors.open(params.cursor, place, ctx.principal.key)
    part, following = page(children, offset, app.limits.page)
    cursor = None if following is None else app.cursors.close(following, place, ctx.principal.key)
    return ReadDirectoryResult(resources=part, next_cursor=cursor, ttl_ms=LIST_TTL, cache_scope=app.list_scope)


def _visible(app: Running, principal: Principal) -> list[Skill]:
    return list(_skills(app).skills.values()) if app.may_read(principal) else []


def _listed(part: list[Skill], rest: Rest) -> PaginatedResult:
    return ListSkillsResult(skills=part, **rest)


def _skills(app: Running) -> Skills:
    if app.catalog.skills is None:
        raise AssertionError("the methods of skills are offered only where there are skills")
    return app.catalog.skills

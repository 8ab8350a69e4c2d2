"""What must be so before something is done that cannot be had back easily."""

from fnmatch import fnmatchcase

from mcp_protocol.errors import ToolError
from mcp_ref_git.errors import BadArgument, Policy
from mcp_ref_git.program.words import ObjectId
from mcp_ref_git.repository import Opened
from mcp_ref_git.settings import Settings


def require_destructive(settings: Settings, what: str) -> None:
    """Refuse what needs the destructive toolset.

    Raises:
        Policy: it is not offered.
    """
    if not settings.destroys:
        hint = "The operator can offer it by --mode admin --toolsets default,destructive."
        raise Policy(f"{what} needs the destructive toolset.", hint=hint)


async def require_head(opened: Opened, confirm_head: str | None) -> ObjectId:
    """The present HEAD, which the caller has named in full, so that both mean the same state.

    Raises:
        BadArgument: it is not named. ToolError: `conflict`, it is another.
    """
    head = await opened.commit("HEAD")
    if confirm_head is None:
        raise BadArgument("`confirm_head` is needed: the full id of the present HEAD, as git_status tells it.")
    if ObjectId.of(confirm_head) != head:
        raise ToolError("HEAD is not at `confirm_head` any more.", code="conflict", hint="Look at git_status again.")
    return head


def is_protected(settings: Settings, branch: str) -> bool:
    """Whether a branch is never forced, deleted, renamed or reset."""
    return any(fnmatchcase(branch, glob) for glob in settings.protected)


def require_unprotected(settings: Settings, branch: str, what: str) -> None:
    """Refuse what may not happen to a protected branch.

    Raises:
        Policy: it is one.
    """
    if is_protected(settings, branch):
        raise Policy(f"`{branch}` is protected and cannot be {what} here.")

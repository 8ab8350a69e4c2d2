"""Pages of long results: what every page says of itself, and the cursors that lead from one to the next.

Of most results a base class is declared as the tool's output, and a subclass returned: the schema names what programs
need first, since every client reads every schema at every start; the rest is there, and described in the README.
"""

from typing import Any

from msgspec import Struct, structs

from mcp_ref_filesystem.results import Truncation
from mcp_ref_filesystem.search.walk import Position
from mcp_ref_filesystem.state import Ctx


class Page(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What every page says of itself."""

    truncated: bool
    next_cursor: str | None = None


class Bookmark:
    """Opens and seals the cursor of one call, bound to the tool, its arguments, the caller and the directories."""

    def __init__(self, ctx: Ctx, tool: str, query: Struct, scope: str) -> None:
        self._ctx = ctx
        self._tool = tool
        self._arguments: dict[str, Any] = structs.asdict(query)
        self._scope = scope

    @classmethod
    async def of(cls, ctx: Ctx, tool: str, query: Struct) -> "Bookmark":
        """The bookmark of a call that asks this query of this tool."""
        return cls(ctx, tool, query, (await ctx.state.reach(ctx)).fingerprint)

    def open(self, cursor: str | None) -> Position | None:
        """Where the page before ended, or None for the first page.

        Raises:
            ToolError: `invalid_argument`, for a cursor that is not of this call.
        """
        if cursor is None:
            return None
        principal = self._ctx.principal
        cursors = self._ctx.state.cursors
        return cursors.open(cursor, self._tool, self._arguments, principal, position=Position, scope=self._scope)

    def seal(self, position: Position | None) -> str | None:
        """The cursor for the page after a position; None at the end, and for a path too long to be in a cursor."""
        if position is None:
            return None
        try:
            return self._ctx.state.cursors.seal(
                self._tool, self._arguments, self._ctx.principal, position, scope=self._scope
            )
        except ValueError:
            return None


def more(truncation: Truncation | None, cursor: str | None) -> str:
    """What a reader of the text must know of a page that is not the last."""
    if truncation is None:
        return ""
    of = "" if truncation.total is None else f" of {truncation.total}"
    how = "narrow the question" if cursor is None else f"go on with cursor {cursor}"
    return f"\n[{truncation.shown}{of} shown, cut by {truncation.reason}: {how}]"

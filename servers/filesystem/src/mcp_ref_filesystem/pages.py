"""Pages of long results: what every page says of itself, and the cursors that lead from one to the next.

Of most results a base class is declared as the tool's output, and a subclass returned: the schema names what programs
need first, since every client reads every schema at every start; the rest is there, and described in the README.
"""

from msgspec import Struct

from mcp_ref_filesystem.search.walk import Position
from mcp_ref_filesystem.state import Ctx
from mcp_ref_kit import bookmarks
from mcp_ref_kit.bookmarks import Asked


class Page(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What every page says of itself."""

    truncated: bool
    next_cursor: str | None = None


class Bookmark(bookmarks.Bookmark[Position]):
    """The bookmark of a call that asks one query of one tool, in the directories it may reach."""

    @classmethod
    async def of(cls, ctx: Ctx, tool: str, query: Struct) -> "Bookmark":
        """The bookmark of a call that asks this query of this tool."""
        asked = Asked(tool, query, (await ctx.state.reach(ctx)).fingerprint)
        return cls(ctx.state.cursors, ctx.principal, asked, Position)

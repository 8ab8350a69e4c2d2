"""Pages of long results: what each page says of itself, and the cursors that lead from one to the next.

Of most results a base class is declared as the tool's output, and a subclass returned: the schema names what programs
need first, since every client reads every schema at every start; the rest is there, and described in the README.
"""

from typing import Literal

from msgspec import Struct

from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx
from mcp_ref_kit import bookmarks
from mcp_ref_kit.bookmarks import Asked, Position


class Truncation(Struct, frozen=True):
    """Why a result was cut, how much is in it, and how much there is, where that is known."""

    reason: Literal["limit", "chars", "size"]
    shown: int
    total: int | None = None


class Page(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a schema says of a page; each also has `truncated`, `truncation` and `next_cursor`."""


class Offset(Struct, frozen=True):
    """How many entries were shown before."""

    skip: int


class Bookmark(bookmarks.Bookmark[Position]):
    """The bookmark of a call that asks this query of this tool, in this repository."""

    def __init__(self, ctx: Ctx, opened: Opened, tool: str, query: Struct, kind: type[Position]) -> None:
        asked = Asked(tool, query, str(opened.repository.found.path))
        super().__init__(ctx.state.cursors, ctx.principal, asked, kind)

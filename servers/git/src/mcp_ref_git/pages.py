"""Pages of long results: what each page says of itself, and the cursors that lead from one to the next.

Of most results a base class is declared as the tool's output, and a subclass returned: the schema names what programs
need first, since every client reads every schema at every start; the rest is there, and described in the README.
"""

from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct, structs

from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx

Position = TypeVar("Position", bound=Struct)


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


class Bookmark(Generic[Position]):
    """Opens and seals the cursor of one call, bound to the tool, its arguments, the caller and the repository."""

    def __init__(self, ctx: Ctx, opened: Opened, tool: str, query: Struct, kind: type[Position]) -> None:
        self._ctx = ctx
        self._tool = tool
        self._arguments: dict[str, Any] = structs.asdict(query)
        self._scope = str(opened.repository.found.path)
        self._kind = kind

    def open(self, cursor: str | None) -> Position | None:
        """Where the page before ended, or None for the first page.

        Raises:
            ToolError: `invalid_argument`, for a cursor that is not of this call.
        """
        if cursor is None:
            return None
        return self._ctx.state.cursors.open(
            cursor, self._tool, self._arguments, self._ctx.principal, position=self._kind, scope=self._scope
        )

    def seal(self, position: Position | None) -> str | None:
        """The cursor for the page after a position; None at the end, and for what is too long to be in a cursor."""
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

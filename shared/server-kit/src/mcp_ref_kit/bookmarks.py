"""The bookmark of one paged call: the cursor it came with, the cursor it leaves, and the line that tells a reader."""

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from msgspec import Struct, structs

from mcp_ref_kit.cursors import Cursors

if TYPE_CHECKING:
    from mcp_protocol.session.calls import Principal

Position = TypeVar("Position", bound=Struct)


class Bookmark(Generic[Position]):
    """Opens and seals the cursor of one call, bound to the tool, its arguments, the caller and the scope of the answer.

    A server derives its own, which knows where the cursors, the caller and the scope are found.
    """

    def __init__(self, cursors: Cursors, principal: "Principal", asked: "Asked", kind: type[Position]) -> None:
        self._cursors = cursors
        self._principal = principal
        self._tool = asked.tool
        self._arguments: dict[str, Any] = structs.asdict(asked.query)
        self._scope = asked.scope
        self._kind = kind

    def open(self, cursor: str | None) -> Position | None:
        """Where the page before ended, or None for the first page.

        Raises:
            ToolError: `invalid_argument`, for a cursor that is not of this call.
        """
        if cursor is None:
            return None
        return self._cursors.open(
            cursor, self._tool, self._arguments, self._principal, position=self._kind, scope=self._scope
        )

    def seal(self, position: Position | None) -> str | None:
        """The cursor for the page after a position; None at the end, and for what is too long to be in a cursor."""
        if position is None:
            return None
        try:
            return self._cursors.seal(self._tool, self._arguments, self._principal, position, scope=self._scope)
        except ValueError:
            return None


class Asked(Struct, frozen=True):
    """What a call asked: its tool, its arguments, and what else decides what the caller sees."""

    tool: str
    query: Struct
    scope: str


class Cut(Protocol):
    """Why a page was cut, how much is in it, and how much there is, where that is known."""

    @property
    def reason(self) -> str:
        """The bound that was reached, in a word."""
        ...

    @property
    def shown(self) -> int:
        """How much the page holds."""
        ...

    @property
    def total(self) -> int | None:
        """How much there is in all."""
        ...


def more(cut: Cut | None, cursor: str | None) -> str:
    """What a reader of the text must know of a page that is not the last; nothing for the last."""
    if cut is None:
        return ""
    of = "" if cut.total is None else f" of {cut.total}"
    how = "narrow the question" if cursor is None else f"go on with cursor {cursor}"
    return f"\n[{cut.shown}{of} shown, cut by {cut.reason}: {how}]"

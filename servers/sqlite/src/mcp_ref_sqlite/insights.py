"""The memo of insights: kept in memory, for each caller alone."""

from collections import OrderedDict

from mcp_ref_kit.db.calls.errors import DbError

MOST_INSIGHTS = 1000
# Callers whose memos are kept; that of the one silent longest goes first.
_MOST_CALLERS = 1000


class Memo:
    """What callers have noted."""

    def __init__(self) -> None:
        self._notes: OrderedDict[str, list[str]] = OrderedDict()

    def append(self, caller: str, insight: str) -> int:
        """Note one more; how many there are.

        Raises:
            DbError: `too_large`.
        """
        notes = self._notes.setdefault(caller, [])
        self._notes.move_to_end(caller)
        if len(notes) >= MOST_INSIGHTS:
            raise DbError(f"The memo has {MOST_INSIGHTS} insights already.", code="too_large")
        notes.append(insight)
        while len(self._notes) > _MOST_CALLERS:
            self._notes.popitem(last=False)
        return len(notes)

    def text(self, caller: str) -> str:
        """The memo."""
        notes = self._notes.get(caller, [])
        if not notes:
            return "No insights yet."
        return "\n".join(["Insights:", *(f"- {note}" for note in notes)])

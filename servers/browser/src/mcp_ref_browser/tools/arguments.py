"""Arguments that several tools share, and what is promised of them."""

from typing import Annotated, Any, Literal, TypeVar, cast, get_args

from mcp_protocol import arg
from mcp_protocol.server.toolset import ToolOptions
from mcp_ref_browser.errors import invalid
from mcp_ref_browser.settings import SnapshotMode
from mcp_ref_browser.turns import Asked

# Beyond what a caller may wait for, time to settle, to look and to answer.
SECONDS = 150
LOOKS: ToolOptions = {"read_only": True, "destructive": False, "seconds": SECONDS}
ACTS: ToolOptions = {"read_only": False, "destructive": False, "idempotent": False, "seconds": SECONDS}
SETS: ToolOptions = {"read_only": False, "destructive": False, "idempotent": True, "seconds": SECONDS}
DESTROYS: ToolOptions = {"read_only": False, "destructive": True, "idempotent": True, "seconds": SECONDS}

SessionHandle = Annotated[str, arg("Id.")] | None
Snapshot = Annotated[str, arg("View.")] | None
TimeoutMs = Annotated[int, arg("Ms.")] | None
MaxChars = Annotated[int, arg("Limit.")] | None
Cursor = Annotated[str, arg("nextCursor.")] | None
Filename = Annotated[str, arg("File.")] | None
Target = Annotated[str, arg("Ref, selector.")]
Limit = Annotated[int, arg("Most.")] | None
SinceId = Annotated[int, arg("Newer.")] | None
_MODES = frozenset(get_args(SnapshotMode))
Button = Literal["left", "right", "middle"]
MODIFIERS = frozenset({"Alt", "Control", "ControlOrMeta", "Meta", "Shift"})

# Older names of an argument, which hosts of other servers still send: unlisted, and never both.
ALIASES = {"id": "index", "ref": "target", "startRef": "startTarget", "endRef": "endTarget"}
# What an element is called in words, for the log of whoever sends it: accepted, and of no other use.
IN_WORDS = frozenset({"element", "startElement", "endElement"})
# What null says where it says something; everywhere else it is the same as leaving an argument out.
DEFAULT = "default"
NULLS = {
    "browser_emulate_media": {
        "colorScheme": DEFAULT,
        "reducedMotion": "no-preference",
        "forcedColors": "none",
        "contrast": "no-preference",
        "media": DEFAULT,
    }
}
MOST_ENTRIES = 500


def acting(
    session: str | None, snapshot: str | None, timeout_ms: int | None, what: str = "The action did not end"
) -> Asked:
    """What an acting tool is asked."""
    return Asked(session=session, snapshot=mode_of(snapshot), timeout_ms=timeout_ms, what=what)


def mode_of(snapshot: str | None) -> SnapshotMode | None:
    """How the page is to be shown.

    Raises:
        BrowserError: in no way that there is.
    """
    if snapshot is not None and snapshot not in _MODES:
        raise invalid(f"`snapshot` must be one of auto, diff, full and none, got {snapshot[:40]!r}.")
    return cast("SnapshotMode | None", snapshot)


Number = TypeVar("Number", int, float)


def bounded(name: str, value: Number, low: int, high: int) -> Number:
    """A number within its bounds, which are too many to be listed in every schema.

    Raises:
        BrowserError: it is not.
    """
    if not low <= value <= high:
        raise invalid(f"`{name}` must be between {low} and {high}, got {value:g}.")
    return value


def entries(limit: int | None, usual: int = 100) -> int:
    """How many entries are wanted."""
    return bounded("limit", usual if limit is None else limit, 1, MOST_ENTRIES)


def without(given: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in given.items() if value is not None}

"""What a caller's scopes let it see and do, as a running server asks it; who knows of tokens gives the answers."""

from collections.abc import Hashable
from typing import Protocol

from mcp_protocol.errors import Forbidden
from mcp_protocol.server.catalog import Catalog
from mcp_protocol.server.entries import ToolEntry
from mcp_protocol.session.calls import Call, Principal

Needs = frozenset[str]
"""Scopes that an operation needs, all of them."""

NOTHING: Needs = frozenset()

# The lists of these are empty for whoever may not read; a handle of a task is judged by the call that made it.
_READING = frozenset(
    {
        "resources/read",
        "resources/directory/read",
        "resources/subscribe",
        "skills/get",
        "prompts/get",
        "completion/complete",
    }
)


class Access(Protocol):
    """Data about scopes; given in `Options`. Without one every caller may do everything."""

    @property
    def reading(self) -> Needs:
        """What resources, prompts and completions need."""
        ...

    def needed(self, tool: ToolEntry) -> Needs:
        """What a call of this tool needs."""
        ...

    def permits(self, needs: Needs, principal: Principal) -> bool:
        """Whether the caller's scopes cover them; a broader scope implies narrower ones."""
        ...

    def view(self, principal: Principal) -> Hashable:
        """What the lists depend on: callers with the same view see the same. There are few views."""
        ...

    def refusal(self, needs: Needs, principal: Principal) -> Forbidden:
        """The refusal that names everything that this caller's token lacks for these needs."""
        ...


def visible(access: Access, tool: ToolEntry, principal: Principal) -> bool:
    """Whether the caller sees this tool: only what it may call."""
    return access.permits(access.needed(tool), principal)


def needs_of(access: Access, catalog: Catalog, call: Call) -> Needs:
    """What a call needs, as far as its method and the name of its tool say."""
    if call.method != "tools/call":
        return access.reading if call.method in _READING else NOTHING
    name = call.params.get("name")
    tool = catalog.tools.get(name) if isinstance(name, str) else None
    return NOTHING if tool is None else access.needed(tool)

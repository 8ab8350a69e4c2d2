"""What a server offers, as far as the session must know it to accept or refuse a message."""

from msgspec import Struct

from mcp_protocol.limits import Limits
from mcp_protocol.revisions import LEGACY, MODERN, Era, Revision


class Profile(Struct, frozen=True, kw_only=True):
    """The methods that a server answers in each era, and its bounds."""

    methods: frozenset[str]
    """Every request method with a handler and an offered capability, of both eras."""
    limits: Limits
    modern: tuple[Revision, ...] = MODERN
    legacy: tuple[Revision, ...] = LEGACY

    def offers(self, method: str, era: Era) -> bool:
        """Whether this method exists for a caller of that era."""
        return method in self.methods and method not in ABSENT[era]


# Methods that one era lacks (2026-07-28 changelog); what is not named is in both.
ABSENT: dict[Era, frozenset[str]] = {
    Era.MODERN: frozenset(
        {"initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"},
    ),
    Era.LEGACY: frozenset(
        {
            "server/discover",
            "subscriptions/listen",
            "tasks/get",
            "tasks/update",
            "tasks/cancel",
            "skills/list",
            "skills/get",
            "resources/directory/read",
        },
    ),
}

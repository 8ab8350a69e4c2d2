"""What each server spoke last: an old one is asked for discovery once, and not each time that somebody connects."""

from mcp_protocol.client.connecting import Target
from mcp_protocol.client.http import Endpoint
from mcp_protocol.client.process import Command
from mcp_protocol.revisions import Revision

_MOST = 1024  # the oldest are forgotten


class Eras:
    """Share one among the clients of an application; a server that has been brought up to date is found out."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._known: dict[str | tuple[str, ...], Revision] = {}

    def recall(self, target: Target) -> Revision | None:
        """The revision that was agreed with this URL or command, if any was."""
        key = _key(target)
        return None if key is None else self._known.get(key)

    def keep(self, target: Target, revision: Revision) -> None:
        """Remember what was agreed."""
        key = _key(target)
        if key is None:
            return
        self._known.pop(key, None)
        self._known[key] = revision
        if len(self._known) > _MOST:
            del self._known[next(iter(self._known))]


def _key(target: Target) -> str | tuple[str, ...] | None:
    if isinstance(target, str | Endpoint):
        return target if isinstance(target, str) else target.url
    if isinstance(target, Command):
        return tuple(target.argv)
    return tuple(target) if isinstance(target, list | tuple) else None

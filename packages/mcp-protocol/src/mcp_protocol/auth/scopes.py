"""Scopes of one server: `NAME:read`, `NAME:write` and `NAME:admin`, each of which contains the one before. Pure."""

import re
from collections.abc import Mapping

from mcp_protocol.auth.challenge import Challenge
from mcp_protocol.errors import Forbidden
from mcp_protocol.server.access import Needs
from mcp_protocol.server.entries import ToolEntry
from mcp_protocol.session.calls import Principal

LEVELS = ("read", "write", "admin")

# RFC 6749 section 3.3 "scope-token".
_SCOPE = re.compile(r"[!#-\[\]-~]+")


class Scopes:
    """What callers may do by the scopes of their tokens; the `access` of `Options`.

    A tool needs the scope of what it does, unless `tools` names others for it.
    """

    def __init__(self, name: str, challenge: Challenge, *, tools: Mapping[str, Needs] | None = None) -> None:
        """Scopes of the server `name`; `challenge` is what its refusals begin with.

        Raises:
            ValueError: a name that no scope can have.
        """
        self.challenge = challenge
        self._own = dict(tools or {})
        self._levels = tuple(f"{name}:{level}" for level in LEVELS)
        self._known = frozenset(self._levels).union(*self._own.values())
        for scope in self._known:
            if not _SCOPE.fullmatch(scope):
                raise ValueError(f"{scope!r} cannot be a scope")
        read, write, admin = self._levels
        self._contained = {admin: frozenset({read, write}), write: frozenset({read})}
        self._by_level = tuple(frozenset({level}) for level in self._levels)

    @property
    def reading(self) -> Needs:
        """What resources, prompts and completions need."""
        return self._by_level[0]

    def needed(self, tool: ToolEntry) -> Needs:
        """What a call of this tool needs."""
        own = self._own.get(tool.name)
        if own is not None:
            return own
        if tool.admin:
            return self._by_level[2]
        return self._by_level[0 if tool.annotations.read_only_hint else 1]

    def permits(self, needs: Needs, principal: Principal) -> bool:
        """Whether the caller's scopes cover them."""
        return needs <= principal.scopes or needs <= self.view(principal)

    def view(self, principal: Principal) -> Needs:
        """The caller's scopes as far as they mean something here, with those that they contain."""
        held = principal.scopes & self._known
        return held.union(*(self._contained.get(scope, held) for scope in held))

    def refusal(self, needs: Needs, principal: Principal) -> Forbidden:
        """The challenge for everything that is missing, and nothing that the token has already."""
        return self.challenge.insufficient(needs - self.view(principal))

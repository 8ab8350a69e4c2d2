"""Cursors of tools: where the next page begins, sealed so that only the same question by the same caller can use it."""

import secrets
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from mcp_protocol.errors import ToolError
from mcp_protocol.session.seal import Seal
from mcp_ref_kit.settings.secret import Secret

if TYPE_CHECKING:
    from mcp_protocol.session.calls import Principal

P = TypeVar("P")

# A position is a name or a few numbers; a longer text is not ours, and its signature is not worth computing.
MAX_CURSOR = 2048
_PURPOSE = "tool-cursor"
_ARGUMENT = "cursor"


class Cursors:
    """Seals and opens the `cursor` argument of tools.

    A cursor is bound to the tool, to all its other arguments, to the caller, and to whatever else decides what the
    caller sees (`scope`, as the set of directories); it expires. It is signed, not encrypted: no secret goes in.
    """

    def __init__(
        self,
        key: Secret | bytes | None = None,
        *,
        seconds: float = 3600,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Use `key` (the setting `state_key`; random for this process when None)."""
        self._seal = Seal(key_bytes(key))
        self._seconds = seconds
        self._now = now

    def seal(
        self, tool: str, arguments: Mapping[str, Any], principal: "Principal", position: Any, *, scope: str = ""
    ) -> str:
        """The cursor of the page that begins at `position`; `arguments` may contain the old cursor, which is left out.

        Raises:
            ValueError: the position is too long for a cursor.
        """
        bound = _bound(tool, arguments, principal, scope)
        cursor = self._seal.close(msgspec.json.encode(position), bound=bound, expires=self._now() + self._seconds)
        if len(cursor) > MAX_CURSOR:
            raise ValueError(f"a cursor of {len(cursor)} characters is over the limit of {MAX_CURSOR}")
        return cursor

    def open(
        self,
        cursor: str,
        tool: str,
        arguments: Mapping[str, Any],
        principal: "Principal",
        *,
        position: type[P],
        scope: str = "",
    ) -> P:
        """The position in a cursor, in the type it was sealed with.

        Raises:
            ToolError: `invalid_argument`, in the same words whatever is wrong with it.
        """
        bound = _bound(tool, arguments, principal, scope)
        payload = self._seal.open(cursor, bound=bound, now=self._now()) if len(cursor) <= MAX_CURSOR else None
        try:
            if payload is not None:
                return msgspec.json.decode(payload, type=position)
        except msgspec.ValidationError:
            pass  # sealed by another version of this server, with another kind of position
        raise ToolError(
            "`cursor` does not belong to this call, or has expired.",
            code="invalid_argument",
            hint="Repeat the call with the same arguments and without `cursor` to begin again.",
        )


def key_bytes(key: Secret | bytes | None) -> bytes:
    """The bytes of a key; new random ones for None."""
    if key is None:
        return secrets.token_bytes(32)
    return key.reveal().encode("utf-8", "surrogateescape") if isinstance(key, Secret) else key


def _bound(tool: str, arguments: Mapping[str, Any], principal: "Principal", scope: str) -> tuple[str, ...]:
    kept = {name: value for name, value in arguments.items() if name != _ARGUMENT}
    digest = sha256(msgspec.json.encode(kept, order="deterministic")).hexdigest()
    return (_PURPOSE, tool, digest, principal.key, scope)

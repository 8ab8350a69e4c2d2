"""Results that are too large for a reply: kept in memory for a while, each for the caller who made it."""

import asyncio
import secrets
from collections.abc import Mapping

from msgspec import Struct

from mcp_protocol.errors import ToolError
from mcp_protocol.session.calls import Principal
from mcp_protocol.types import TextResourceContents
from mcp_ref_kit.db.rows.envelope import Format
from mcp_ref_kit.db.rows.formats import MIME_TYPES

KEPT_SECONDS = 600.0
MOST_RESULTS = 16
MOST_BYTES = 8 * 1024 * 1024
_ENDINGS: Mapping[Format, str] = {"json": "json", "csv": "csv", "markdown": "md", "jsonl": "jsonl"}


class Stored(Struct, frozen=True):
    """One result: text in one of the forms."""

    principal: str
    form: Format
    data: bytes

    @property
    def mime_type(self) -> str:
        """What it is."""
        return MIME_TYPES[self.form]

    @property
    def name(self) -> str:
        """What a client may call it."""
        return f"result.{_ENDINGS[self.form]}"


class Results:
    """At most 16 results, each for ten minutes; the oldest makes room. An id is 128 random bits."""

    def __init__(self, scheme: str, *, most: int = MOST_RESULTS, seconds: float = KEPT_SECONDS) -> None:
        """`scheme` is that of the resource `SCHEME://results/{id}`."""
        self._scheme = scheme
        self._most = most
        self._seconds = seconds
        self._kept: dict[str, tuple[Stored, asyncio.TimerHandle]] = {}

    def put(self, principal: Principal, form: Format, data: bytes) -> str:
        """Keep a result; its URI."""
        while len(self._kept) >= self._most:
            self._forget(next(iter(self._kept)))
        name = secrets.token_hex(16)
        timer = asyncio.get_running_loop().call_later(self._seconds, self._forget, name)
        self._kept[name] = (Stored(principal.key, form, data), timer)
        return f"{self._scheme}://results/{name}"

    def find(self, principal: Principal, name: str) -> Stored:
        """The result of that id.

        Raises:
            ToolError: `not_found`; it is gone, or another caller's, which looks the same.
        """
        found = self._kept.get(name)
        if found is None or found[0].principal != principal.key:
            raise ToolError("There is no such result, or no longer.", code="not_found")
        return found[0]

    def contents(self, principal: Principal, name: str) -> TextResourceContents:
        """The same as what `resources/read` answers.

        Raises:
            ToolError: `not_found`, as above.
        """
        stored = self.find(principal, name)
        uri = f"{self._scheme}://results/{name}"
        return TextResourceContents(uri=uri, mime_type=stored.mime_type, text=stored.data.decode())

    def clear(self) -> None:
        """Forget everything: the server stops."""
        for name in list(self._kept):
            self._forget(name)

    def _forget(self, name: str) -> None:
        _, timer = self._kept.pop(name)
        timer.cancel()

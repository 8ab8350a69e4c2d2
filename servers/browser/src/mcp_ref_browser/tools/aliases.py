"""Accepts older names of arguments before the arguments are judged."""

import logging
from collections.abc import Collection, Mapping
from typing import Any, cast

from mcp_protocol.server.context import Context
from mcp_protocol.server.dispatch import Proceed
from mcp_protocol.server.results import Answer
from mcp_protocol.session.calls import Call
from mcp_ref_browser.errors import invalid
from mcp_ref_browser.tools.arguments import ALIASES, IN_WORDS, NULLS

_log = logging.getLogger(__name__)


async def accept_aliases(ctx: Context[Any], call: Call, proceed: Proceed) -> Answer:
    """Put the present name in place of an older one, and leave out what only names an element in words.

    Raises:
        BrowserError: both are given, and differ.
    """
    del ctx
    given = call.params.get("arguments")
    if call.method == "tools/call" and isinstance(given, dict):
        spoken = _without_null(call.params.get("name"), cast("dict[str, Any]", given))
        call.params["arguments"] = renamed(spoken)
    return await proceed()


def renamed(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with present names; those inside `fields` too."""
    found = _one(given, IN_WORDS)
    fields = found.get("fields")
    if isinstance(fields, list):
        rows = cast("list[Any]", fields)
        words = {*IN_WORDS, "name"}
        found["fields"] = [_one(cast("dict[str, Any]", row), words) if isinstance(row, dict) else row for row in rows]
    return found


def _without_null(tool: Any, given: dict[str, Any]) -> dict[str, Any]:
    words = NULLS.get(tool, {})
    return {name: words.get(name) if value is None else value for name, value in given.items()}


def _one(given: Mapping[str, Any], words: Collection[str]) -> dict[str, Any]:
    spoken = {name: str(given[name])[:100] for name in words if name in given}
    if spoken:
        _log.debug("called in words: %s", spoken)
    found = {name: value for name, value in given.items() if name not in words}
    for old, name in ALIASES.items():
        if old not in found:
            continue
        value = found.pop(old)
        if name in found and found[name] != value:
            raise invalid(f"`{old}` and `{name}` are the same argument, and were given two values.")
        found[name] = value
    return found

"""Which arguments of which tool are repeated as HTTP headers, as far as the client has seen the tools."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from mcp_protocol.client.headers import param_headers
from mcp_protocol.schema import Mirrored, mirrored_headers
from mcp_protocol.types import Tool

_log = logging.getLogger(__name__)


class Mirrors:
    """Remembers the annotated arguments of the tools that were listed."""

    def __init__(self) -> None:
        """No tool is known yet."""
        self._known: dict[str, tuple[Mirrored, ...]] = {}

    def learn(self, tools: Iterable[Tool]) -> list[Tool]:
        """The tools that can be called; one with a bad annotation is left out, and the log says why."""
        good: list[Tool] = []
        for tool in tools:
            try:
                self._known[tool.name] = mirrored_headers(tool.input_schema)
            except ValueError as error:
                _log.warning("left out the tool %r: %s", tool.name[:64], error)
            else:
                good.append(tool)
        return good

    def headers(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, str]:
        """`Mcp-Param-*` for a call; none for a tool that was never listed."""
        return param_headers(self._known.get(tool, ()), arguments)

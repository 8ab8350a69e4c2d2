"""The server as the operator's settings make it: hints that a mode makes true, tools that a jail takes away."""

import os
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from mcp_protocol import Server, ToolEntry
from mcp_ref_redis.databases import sources
from mcp_ref_redis.settings import Settings

# They change data only by an argument, which read-only mode refuses: there they only read.
_RESTRAINED = frozenset({"command", "pipeline", "stream_groups", "vector_set", "time_series"})
# What cannot be kept inside a key prefix.
_UNJAILED = frozenset({"run_script", "client_list", "slow_log"})


def fit(server: Server[Any, Any], settings: Settings) -> Server[Any, Any]:
    """The tools that these settings leave, with hints that are true for them."""
    kept = [tool for tool in server.tools if settings.key_prefix is None or tool.name not in _UNJAILED]
    if settings.mode == "read-only":
        kept = [_restrained(tool) if tool.name in _RESTRAINED else tool for tool in kept]
    return server.adapted(kept)


def names(settings: Settings) -> Sequence[str]:
    """The databases by name."""
    return [source.name for source, _ in sources(settings, os.environ)]


def _restrained(tool: ToolEntry) -> ToolEntry:
    return replace(tool, annotations=replace(tool.annotations, read_only_hint=True, destructive_hint=False))

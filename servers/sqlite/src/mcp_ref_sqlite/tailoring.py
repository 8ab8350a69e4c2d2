"""The server as the operator's settings make it: hints that are true for them, no memo where nobody adds to it."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from mcp_protocol import Server, SettingsError, ToolEntry
from mcp_protocol.server.toolset import Toolset
from mcp_ref_kit import Secret
from mcp_ref_kit.db.program.sources import Database as Source
from mcp_ref_kit.db.program.sources import databases
from mcp_ref_sqlite.settings import Settings
from mcp_ref_sqlite.tools.memo import insights

# What hosts of the archived server set.
_VARIABLE = "SQLITE_PATH"
_WRITES_FILES = "export_query"


def sources(settings: Settings, environment: Mapping[str, str]) -> list[Source]:
    """The databases as the operator named them.

    Raises:
        SettingsError: two have one name, or `--db-path` stands beside others.
    """
    given = list(settings.databases)
    alone = settings.db_path
    if alone is not None and not given:
        given = [alone]
    elif alone is not None and environment.get(_VARIABLE) != alone:
        raise SettingsError("`--db-path` is another way to name the one file; give either.")
    found = databases([Secret(text) for text in given], settings.tables, settings.mode)
    if settings.extension and settings.mode != "admin":
        raise SettingsError("`--extension` needs `--mode admin`.")
    return found


def names(settings: Settings) -> Sequence[str]:
    """The databases by name."""
    return [source.name for source in sources(settings, os.environ)]


def fit(server: Server[Any, Any], settings: Settings) -> Server[Any, Any]:
    """The tools with hints that are true for these settings."""
    writes = settings.export_dir is not None and settings.mode != "read-only"
    fitted = server.adapted(
        [_writing(tool) if writes and tool.name == _WRITES_FILES else tool for tool in server.tools]
    )
    if not {insights.name, "all"} & set(settings.toolsets):
        fitted.toolsets = tuple(_bare(one) if one is insights else one for one in server.toolsets)
    return fitted


def _writing(tool: ToolEntry) -> ToolEntry:
    return replace(tool, annotations=replace(tool.annotations, read_only_hint=False, destructive_hint=False))


def _bare(toolset: Toolset[Any]) -> Toolset[Any]:
    """Its tools alone, without resources and prompts."""
    bare = Toolset[Any](toolset.name, default=toolset.default)
    bare.tools = toolset.tools
    return bare

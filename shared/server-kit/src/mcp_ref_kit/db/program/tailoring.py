"""The server that is run, made of the one that was written and of what the operator decided.

Which databases there are and how large a page usually is stands in the schemas, so a model need not guess.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import NODEFAULT
from msgspec.structs import fields, replace

from mcp_protocol.schema.arg import arg
from mcp_protocol.server.app import Server
from mcp_protocol.server.arguments import TypedArguments
from mcp_protocol.server.entries import ToolEntry
from mcp_protocol.server.signature import Parameter
from mcp_protocol.server.toolset import Toolset
from mcp_ref_kit.db.calls.deadline import MOST_SECONDS
from mcp_ref_kit.db.program.sources import DatabaseSettings

DATABASE = "database"
_SETTINGS = {"limit": "max_rows", "timeout_s": "timeout", "max_cell_chars": "max_cell_chars"}
# A call stops itself at its own deadline; this one is for what does not stop.
_LAST_RESORT = MOST_SECONDS + 10


def tailored(
    server: Server[Any, Any], settings: DatabaseSettings, names: Sequence[str], more: Sequence[Toolset[Any]] = ()
) -> Server[Any, Any]:
    """The server for these databases, with `more` toolsets such as the canned queries'.

    With one database no tool has the argument `database`; with several it is one of the names and has to be given.
    The usual `limit`, `timeout_s` and `max_cell_chars` are the operator's.
    """
    written = {field.name: field.default for field in fields(type(settings))}
    defaults = {name: (written[setting], getattr(settings, setting)) for name, setting in _SETTINGS.items()}
    tools = [_fitted(tool, names, defaults) for tool in server.tools]
    return server.adapted(tools, more=more, changing=["tools"] if more or settings.config else ())


def _fitted(tool: ToolEntry, names: Sequence[str], defaults: Mapping[str, tuple[Any, Any]]) -> ToolEntry:
    seconds = tool.seconds or _LAST_RESORT
    if not isinstance(tool.arguments, TypedArguments):
        return replace(tool, seconds=seconds)
    kept = [_set(parameter, names, defaults) for parameter in tool.arguments.parameters]
    parameters = [parameter for parameter in kept if parameter is not None]
    return replace(tool, arguments=TypedArguments(tool.name, parameters), seconds=seconds)


def _set(parameter: Parameter, names: Sequence[str], defaults: Mapping[str, tuple[Any, Any]]) -> Parameter | None:
    """The parameter as it will be; None where it goes. A default that is a tool's own stays."""
    if parameter.name == DATABASE:
        return None if len(names) <= 1 else Parameter(DATABASE, _one_of(names), NODEFAULT)
    usual, wanted = defaults.get(parameter.name, (NODEFAULT, NODEFAULT))
    if parameter.required or parameter.default != usual or usual == wanted:
        return parameter
    return Parameter(parameter.name, parameter.hint, wanted)


def _one_of(names: Sequence[str]) -> Any:
    return Annotated[Literal[tuple(names)], arg("Which database.")]

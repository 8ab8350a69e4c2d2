"""Queries that the operator wrote, as tools: closed schemas, values that are bound and never pasted.

What a tool says of itself is text of the config file; nothing from a database enters it.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from keyword import iskeyword
from typing import Annotated, Any, Literal

from msgspec import NODEFAULT, UNSET, Struct, UnsetType

from mcp_protocol.errors import SettingsError
from mcp_protocol.schema.arg import arg
from mcp_protocol.server.arguments import TypedArguments
from mcp_protocol.server.context import Context
from mcp_protocol.server.entries import ToolEntry
from mcp_protocol.server.output import conversion
from mcp_protocol.server.signature import Parameter
from mcp_protocol.server.toolset import Toolset
from mcp_protocol.types import ToolAnnotations
from mcp_ref_kit.db.calls.arguments import Cursor

TOOLSET = "queries"
CURSOR = "cursor"
MOST_TEXT = 65_536

ParameterType = Literal["string", "integer", "number", "boolean", "date"]
_HINTS: Mapping[ParameterType, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "date": dt.date,
}
_VALUES: Mapping[ParameterType, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "date": (dt.date, str),
}
_NUMBERS = frozenset({"integer", "number"})
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_NAME = _LETTERS | frozenset("0123456789_")
_LONGEST_NAME = 64


class CannedParameter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `params` entry of a `[[query]]`."""

    name: str
    type: ParameterType
    description: str = ""
    default: Any = UNSET
    enum: list[str | int] | None = None
    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        """Refuse what could not work."""
        if not _is_name(self.name) or self.name == CURSOR:
            raise ValueError(f"the parameter name {self.name[:_LONGEST_NAME]!a} must be a letter and a-z, 0-9, _")
        wrong = [value for value in self.enum or () if not _fits(value, self.type)]
        if wrong or (self.enum is not None and (not self.enum or self.type not in ("string", "integer"))):
            raise ValueError(f"`enum` of `{self.name}` must be values of the type string or integer")
        if (self.minimum is not None or self.maximum is not None) and self.type not in _NUMBERS:
            raise ValueError(f"`minimum` and `maximum` of `{self.name}` need the type integer or number")
        if not isinstance(self.default, UnsetType) and not _fits(self.default, self.type):
            raise ValueError(f"`default` of `{self.name}` must be of the type {self.type}")

    @property
    def parameter(self) -> Parameter:
        """The same as a parameter of a tool."""
        bounds = {"ge": self.minimum, "le": self.maximum}
        said: Any = {name: _whole(bound, self.type) for name, bound in bounds.items() if bound is not None}
        if self.type == "string" and self.enum is None:
            said["max_length"] = MOST_TEXT
        hint = _HINTS[self.type] if self.enum is None else Literal[tuple(self.enum)]
        default = NODEFAULT if isinstance(self.default, UnsetType) else _typed(self.default, self.type)
        return Parameter(_python_name(self.name), Annotated[hint, arg(self.description or self.name, **said)], default)


class Canned(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[query]]` of the config file: `sql`, or `commands` for an engine without it."""

    name: str
    description: str
    database: str | None = None
    sql: str | None = None
    commands: list[list[str]] | None = None
    params: list[CannedParameter] = []
    write: bool = False
    limit: int | None = None
    idempotent: bool = False

    def __post_init__(self) -> None:
        """Refuse what could not work."""
        if not _is_name(self.name):
            raise ValueError(f"the query name {self.name[:_LONGEST_NAME]!a} must be a letter and a-z, 0-9, _")
        if not self.description.strip():
            raise ValueError(f"the query `{self.name}` needs a description")
        if (self.sql is None) == (self.commands is None):
            raise ValueError(f"the query `{self.name}` needs either `sql` or `commands`")
        if self.limit is not None and not 1 <= self.limit <= 10_000:  # noqa: PLR2004  the ceiling of any page
            raise ValueError(f"`limit` of the query `{self.name}` must be between 1 and 10000")
        names = [parameter.name for parameter in self.params]
        if len(set(names)) < len(names):
            raise ValueError(f"two parameters of the query `{self.name}` have the same name")

    def __str__(self) -> str:
        """Its name, for reports."""
        return self.name


Run = Callable[[Context[Any], Canned, Mapping[str, Any], str | None], Awaitable[Any]]
"""Runs one: the values of its parameters by name, and a cursor."""


def canned_toolset(
    queries: Sequence[Canned],
    run: Run,
    *,
    returns: Any,
    taken: Collection[str],
    databases: Sequence[str],
) -> Toolset[Any]:
    """A tool for each query. `returns` is what `run` returns; `taken` are the names of the server's own tools.

    Raises:
        SettingsError: a name is taken, or a database unknown.
    """
    toolset = Toolset[Any](TOOLSET)
    known = set(taken)
    for query in queries:
        if query.name in known:
            raise SettingsError(f"The query `{query.name}` has the name of another tool.")
        if query.database is None and len(databases) > 1:
            raise SettingsError(f"The query `{query.name}` has to say which `database`: {', '.join(databases)}.")
        if query.database is not None and query.database not in databases:
            raise SettingsError(f"The query `{query.name}` names a database `{query.database}` that is not there.")
        known.add(query.name)
        toolset.tools.append(_entry(query, run, returns))
    return toolset


def _entry(query: Canned, run: Run, returns: Any) -> ToolEntry:
    parameters = [parameter.parameter for parameter in query.params]
    if query.sql is not None and not query.write:
        parameters.append(Parameter(CURSOR, Cursor | None, None))
    return ToolEntry(
        name=query.name,
        toolset=TOOLSET,
        description=query.description.strip(),
        annotations=ToolAnnotations(
            read_only_hint=not query.write,
            destructive_hint=query.write,
            idempotent_hint=query.idempotent or not query.write,
            open_world_hint=False,
        ),
        function=partial(_run, query, run),
        arguments=TypedArguments(query.name, parameters),
        result=conversion(returns, f"tool `{query.name}`"),
    )


async def _run(query: Canned, run: Run, ctx: Context[Any], **given: Any) -> Any:
    cursor = given.pop(CURSOR, None)
    values = {parameter.name: _bindable(given[_python_name(parameter.name)]) for parameter in query.params}
    return await run(ctx, query, values, cursor)


def _bindable(value: Any) -> Any:
    """Dates as text: every engine reads it, and JSON has nothing else."""
    return value.isoformat() if isinstance(value, dt.date) else value


def _is_name(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and name[0] in _LETTERS and set(name) <= _NAME


def _python_name(name: str) -> str:
    # Words of Python such as `from` have an underscore inside; on the wire they have none.
    return f"{name}_" if iskeyword(name) else name


def _fits(value: Any, kind: ParameterType) -> bool:
    if isinstance(value, bool) != (kind == "boolean"):
        return False
    if kind == "date" and isinstance(value, str):
        return _as_date(value) is not None
    return isinstance(value, _VALUES[kind]) and not isinstance(value, dt.datetime)


def _as_date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _typed(value: Any, kind: ParameterType) -> Any:
    if kind == "number":
        return float(value)
    return _as_date(value) if kind == "date" and isinstance(value, str) else value


def _whole(bound: float, kind: ParameterType) -> float:
    return int(bound) if kind == "integer" else bound

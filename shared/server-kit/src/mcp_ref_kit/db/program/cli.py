"""`main = database_cli(server, ...)`: a database server as a program, with what all of them decide in the same way."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from mcp_protocol.server.app import Server
from mcp_protocol.server.dispatch import Middleware
from mcp_ref_kit.cli import Command, cli
from mcp_ref_kit.db.program.canned import Canned, Run, canned_toolset
from mcp_ref_kit.db.program.sources import DatabaseSettings, SqlSettings
from mcp_ref_kit.db.program.tailoring import tailored
from mcp_ref_kit.findings import Check
from mcp_ref_kit.libraries import Ahead

Names = Callable[[Any], Sequence[str]]
"""From the settings, the names of the databases."""

Fit = Callable[[Server[Any, Any], Any], Server[Any, Any]]
"""A server's own part in what its settings make of it: tools that they take away, hints that they make true."""

# A statement has a deadline and a place of its own: see `Slots`.
_WITHOUT = ("max_in_flight", "tool_timeout")


class Cannery(Struct, frozen=True, kw_only=True):
    """How a server runs the operator's queries."""

    run: Run
    returns: Any
    """What `run` returns, as the return type of a tool."""
    check: Callable[[Canned], None]
    """Refuses, with a SettingsError, what cannot work whatever the database is."""


def database_cli(  # noqa: PLR0913  one parameter for each thing that an author says once
    server: Server[Any, Any],
    *,
    names: Names,
    check: Check | None = None,
    cannery: Cannery | None = None,
    fit: Fit | None = None,
    sockets: bool = False,
    ahead: Sequence[str] = (),
) -> Command:
    """Make a program of a database server: see `cli`.

    The tools know the databases and the operator's defaults; `[[query]]` tables are tools, read again at SIGHUP;
    `--fence` and `--audit-log` do what they say. `ahead` names modules, such as the driver, that are imported
    on a thread once the first list is out.
    """
    return cli(
        server,
        check=check,
        without=_WITHOUT,
        tailor=partial(tailor, names=names, cannery=cannery, fit=fit),
        layers=partial(_layers, tuple(ahead)),
        reloads=("queries",),
        sockets=sockets,
    )


def tailor(
    server: Server[Any, Any],
    settings: DatabaseSettings,
    *,
    names: Names,
    cannery: Cannery | None = None,
    fit: Fit | None = None,
) -> Server[Any, Any]:
    """The server that is run with these settings; tests of one run the same.

    Raises:
        SettingsError: a database or a query is not as it has to be.
    """
    databases = names(settings)
    server = server if fit is None else fit(server, settings)
    if cannery is None or not settings.queries:
        return tailored(server, settings, databases)
    for query in settings.queries:
        cannery.check(query)
    own = [tool.name for tool in server.tools]
    more = canned_toolset(settings.queries, cannery.run, returns=cannery.returns, taken=own, databases=databases)
    return tailored(server, settings, databases, [more])


def _layers(ahead: Sequence[str], settings: DatabaseSettings) -> Iterable[Middleware]:
    if ahead:
        yield Ahead(ahead)
    if settings.audit_log is not None:
        from mcp_ref_kit.db.calls.audit import audit_layer  # noqa: PLC0415  most servers write none

        sql = settings.audit_sql if isinstance(settings, SqlSettings) else "digest"
        yield audit_layer(settings.audit_log, sql, settings.mode)
    if settings.fence:
        from mcp_ref_kit.db.calls.fence import fence_results  # noqa: PLC0415  most servers have none

        yield fence_results

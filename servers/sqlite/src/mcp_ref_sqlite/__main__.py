"""The console script `mcp-ref-sqlite`."""

from collections.abc import Sequence

from mcp_protocol import ToolError
from mcp_ref_kit import Finding
from mcp_ref_kit.db.program import database_cli
from mcp_ref_sqlite.server import names, server
from mcp_ref_sqlite.settings import Settings
from mcp_ref_sqlite.state import State


async def check(settings: Settings, state: State) -> Sequence[Finding]:
    """Whether each file can be opened and read."""
    del settings
    return [await _looked_at(state, name) for name in state.sources]


async def _looked_at(state: State, name: str) -> Finding:
    subject = f"database {name}"
    database = state.database(name)
    try:
        async with state.running(database, None) as deadline:
            version = await database.read(_version, deadline)
    except ToolError as error:
        return Finding(subject, works=False, detail=error.message)
    return Finding(subject, works=True, detail=f"{database.source.mode}, SQLite {version}")


def _version(connection: object) -> str:
    return connection.execute("SELECT sqlite_version()").fetchone()[0]  # type: ignore[attr-defined]


main = database_cli(server, names=names, check=check)

if __name__ == "__main__":
    main()

"""The console script `mcp-ref-sqlite`."""

from collections.abc import Sequence

from mcp_ref_kit import Finding
from mcp_ref_kit.db.program.cli import database_cli
from mcp_ref_sqlite.canned import cannery
from mcp_ref_sqlite.server import server
from mcp_ref_sqlite.settings import Settings
from mcp_ref_sqlite.state import State
from mcp_ref_sqlite.tailoring import fit, names


async def check(settings: Settings, state: State) -> Sequence[Finding]:
    """Whether each file can be opened and read, and each of the operator's queries be prepared."""
    from mcp_ref_sqlite.health.starting import findings  # noqa: PLC0415  SQLite comes when it is needed

    del settings
    return await findings(state)


# What reads, with sqlite3 below it, and the threads of the driver.
AHEAD = ("mcp_ref_sqlite.reading.paging", "aiosqlite")

main = database_cli(server, names=names, check=check, cannery=cannery, fit=fit, ahead=AHEAD)

if __name__ == "__main__":
    main()

"""The console script `mcp-ref-postgres`."""

from collections.abc import Sequence
from functools import partial

from mcp_ref_kit import Finding
from mcp_ref_kit.db.program.cli import Cannery, database_cli
from mcp_ref_kit.db.rows.envelope import Envelope
from mcp_ref_kit.db.sql.lexer import POSTGRES
from mcp_ref_kit.db.sql.placeholders import check_placeholders
from mcp_ref_postgres.canned import run_canned
from mcp_ref_postgres.checking import looked_at
from mcp_ref_postgres.engine.connecting import DRIVER
from mcp_ref_postgres.server import server
from mcp_ref_postgres.settings import Settings
from mcp_ref_postgres.state import State, sources

cannery = Cannery(run=run_canned, returns=Envelope, check=partial(check_placeholders, dialect=POSTGRES))


def names(settings: Settings) -> list[str]:
    """The databases that there are."""
    return [source.name for source in sources(settings)]


async def check(settings: Settings, state: State) -> Sequence[Finding]:
    """Whether each database can be reached, and what its role may do."""
    del settings
    return [await looked_at(state, opened) for opened in state.databases.values()]


main = database_cli(server, names=names, check=check, cannery=cannery, sockets=True, ahead=[DRIVER])

if __name__ == "__main__":
    main()

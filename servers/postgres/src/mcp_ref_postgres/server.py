"""The server put together: its settings, what it keeps while it runs, its toolsets."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mcp_protocol import Server
from mcp_ref_postgres import __version__
from mcp_ref_postgres.notes import notes
from mcp_ref_postgres.settings import Settings
from mcp_ref_postgres.state import State


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncGenerator[State]:
    """Keep the notes for as long as the server runs."""
    yield State(settings)


server = Server(
    "postgres",
    Settings,
    lifespan,
    toolsets=[notes],
    version=__version__,
    instructions="Notes of this conversation, kept in memory: add_note to remember, list_notes to see what there is.",
    changing={"resources"},
)

"""What a server's own settings make of it, beside what all database servers decide alike."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mcp_protocol import Context, Server, Toolset
from mcp_ref_kit import Mode
from mcp_ref_kit.db.program.cli import tailor
from mcp_ref_kit.db.program.sources import DatabaseSettings

tools = Toolset[None]("tools")


@tools.tool(read_only=True)
async def look(ctx: Context[None]) -> str:
    """Look."""
    del ctx
    return "seen"


@tools.tool()
async def touch(ctx: Context[None]) -> str:
    """Touch."""
    del ctx
    return "felt"


@asynccontextmanager
async def lifespan(settings: DatabaseSettings) -> AsyncGenerator[None]:
    del settings
    yield None


server = Server("tiny", DatabaseSettings, lifespan, toolsets=[tools])


def test_a_server_takes_its_own_tools_away_by_its_settings() -> None:
    def fit(whole: Server[DatabaseSettings, None], settings: DatabaseSettings) -> Server[DatabaseSettings, None]:
        return whole.only(lambda tool: settings.mode == "admin" or tool.name != "touch")

    cases: dict[Mode, list[str]] = {"read-only": ["look"], "admin": ["look", "touch"]}
    for mode, left in cases.items():
        made = tailor(server, DatabaseSettings(mode=mode), names=lambda _: ["one"], fit=fit)
        assert [tool.name for tool in made.tools] == left

"""The event loop of a program on stdio, in its own process."""

import sys
from pathlib import Path

import pytest

from mcp_protocol.transports.loops import fast_loop
from tests.launch.raw import MODERN, StdioPeer

SCRIPT = '''
import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from msgspec import Struct

from mcp_protocol import Context, Server, Toolset
from mcp_ref_kit import cli


class Settings(Struct, frozen=True, kw_only=True):
    """None."""


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncGenerator[None, None]:
    """Nothing is kept."""
    yield None


tools = Toolset[None]("tools")


@tools.tool(read_only=True)
async def loop(ctx: Context[None]) -> str:
    """Name the module of the loop."""
    return type(asyncio.get_running_loop()).__module__


main = cli(Server("looped", Settings, lifespan, toolsets=[tools], version="1"), sockets=SOCKETS)
if __name__ == "__main__":
    main()
'''


@pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop")
@pytest.mark.parametrize(("sockets", "module"), [(True, "uvloop"), (False, "asyncio.unix_events")])
def test_a_server_whose_tools_use_sockets_runs_on_the_quicker_loop(
    tmp_path: Path, module: str, *, sockets: bool
) -> None:
    script = tmp_path / "server.py"
    script.write_text(SCRIPT.replace("SOCKETS", str(sockets)))
    with StdioPeer([sys.executable, str(script)]) as peer:
        peer.open(MODERN)
        assert peer.call("loop")["content"][0]["text"] == module


def test_without_it_the_standard_loop_is_as_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert fast_loop() is None

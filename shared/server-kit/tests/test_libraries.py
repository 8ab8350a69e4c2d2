"""Modules that are imported ahead of the call that needs them, in a process of their own."""

import sys
from pathlib import Path

import pytest

from tests.launch.raw import LEGACY, MODERN, StdioPeer

SCRIPT = '''
import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from msgspec import Struct

from mcp_protocol import Context, Server, Toolset
from mcp_ref_kit import cli
from mcp_ref_kit.libraries import Ahead, imported


class Settings(Struct, frozen=True, kw_only=True):
    """None."""


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncGenerator[None, None]:
    """Nothing is kept."""
    yield None


tools = Toolset[None]("tools")


@tools.tool(read_only=True)
async def loaded(ctx: Context[None]) -> str:
    """Say whether the module is there."""
    return str("late_one" in sys.modules)


@tools.tool(read_only=True)
async def needed(ctx: Context[None]) -> str:
    """Import it."""
    return (await imported("late_one")).WORD


def layers(settings):
    return [Ahead(["there_is_no_such_module", "late_one"][ONLY:])]
main = cli(Server("late", Settings, lifespan, toolsets=[tools], version="1"), layers=layers)
if __name__ == "__main__":
    main()
'''


def started(folder: Path, only: int = 1) -> StdioPeer:
    (folder / "late_one.py").write_text("import os\nopen('imported', 'x').close()\nWORD = 'here'\n")
    (folder / "server.py").write_text(SCRIPT.replace("ONLY", str(only)))
    return StdioPeer([sys.executable, "server.py"], cwd=folder)


@pytest.mark.parametrize("revision", [LEGACY, MODERN])
def test_a_module_is_imported_after_the_first_list_and_not_before(revision: str, tmp_path: Path) -> None:
    with started(tmp_path) as peer:
        peer.open(revision)
        assert not (tmp_path / "imported").exists()
        peer.request("tools/list")
        answers = (peer.call("loaded")["content"][0]["text"] for _ in range(2000))
        assert "True" in answers
        assert peer.call("needed")["content"][0]["text"] == "here"


def test_a_module_that_is_not_there_is_missed_by_whoever_needs_it(tmp_path: Path) -> None:
    with started(tmp_path, only=0) as peer:
        peer.open(MODERN)
        peer.request("tools/list")
        assert peer.call("needed")["content"][0]["text"] == "here"

"""What one caller has is nothing to another: cursors, exports, memos."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp_protocol.revisions import Revision
from mcp_protocol.session.calls import Principal
from mcp_protocol.testing.raw import RawPeer
from mcp_protocol.transports.memory import join
from mcp_ref_kit.db.program.cli import tailor
from mcp_ref_sqlite.server import server
from mcp_ref_sqlite.settings import Settings
from mcp_ref_sqlite.tailoring import fit, names


@asynccontextmanager
async def two_callers(path: Path) -> AsyncGenerator[tuple[RawPeer, RawPeer]]:
    settings = Settings(databases=[str(path)], toolsets=["all"], mode="read-write")
    made = tailor(server, settings, names=names, fit=fit)
    async with (
        made.run(settings) as app,
        join(app, principal=Principal("issuer", "ada")) as one,
        join(app, principal=Principal("issuer", "bob")) as other,
    ):
        yield RawPeer(one, Revision.V2026_07_28, {}), RawPeer(other, Revision.V2026_07_28, {})


async def called(peer: RawPeer, tool: str, **arguments: Any) -> dict[str, Any]:
    return (await peer.call("tools/call", {"name": tool, "arguments": arguments}))["result"]


async def test_a_cursor_is_its_callers_own(small: Path) -> None:
    """DB7."""
    async with two_callers(small) as (ada, bob):
        asked = {"sql": "select id from t", "limit": 1}
        cursor = (await called(ada, "query", **asked))["structuredContent"]["next_cursor"]
        stolen = await called(bob, "query", **asked, cursor=cursor)
        own = await called(ada, "query", **asked, cursor=cursor)
    assert stolen["_meta"]["mcp-ref/error"]["code"] == "invalid_argument"
    assert own["structuredContent"]["rows"] == [[2]]
    assert own["structuredContent"]["re_executed"] is False


async def test_an_export_is_its_callers_own(small: Path) -> None:
    async with two_callers(small) as (ada, bob):
        uri = (await called(ada, "export_query", sql="select 1"))["structuredContent"]["resource_uri"]
        stolen = await bob.call("resources/read", {"uri": uri})
        own = await ada.call("resources/read", {"uri": uri})
    assert stolen["error"]["message"] == "Resource not found"
    assert own["result"]["contents"][0]["text"] == "1\r\n1\r\n"


async def test_a_memo_is_its_callers_own(small: Path) -> None:
    async with two_callers(small) as (ada, bob):
        await called(ada, "append_insight", insight="secret")
        theirs = await bob.call("resources/read", {"uri": "memo://insights"})
    assert theirs["result"]["contents"][0]["text"] == "No insights yet."

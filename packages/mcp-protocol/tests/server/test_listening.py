"""Subscriptions by hand: what is granted, what arrives, how they end."""

from typing import Any

import pytest

from mcp_protocol.revisions import LEGACY, Revision
from mcp_protocol.server.app import Server
from mcp_protocol.testing.raw import RawPeer, raw_peer
from mcp_protocol.transports.memory import join

ALL = list(Revision)
ELICITING = [Revision.V2025_06_18, Revision.V2025_11_25, Revision.V2026_07_28]


@pytest.mark.parametrize("revision", LEGACY)
async def test_a_legacy_client_subscribes_to_a_resource(small: Server[Any, Any], revision: Revision) -> None:
    state: list[str] = []
    async with raw_peer(small, state, revision=revision) as peer:
        assert (await peer.call("resources/subscribe", {"uri": "note:///one"}))["result"] == {}
        updated = await peer.notification("notifications/resources/updated")
        assert updated["params"] == {"uri": "note:///one"}
        assert (await peer.call("resources/unsubscribe", {"uri": "note:///one"}))["result"] == {}
        missing = await peer.call("resources/subscribe", {"uri": "note:///two"})
        assert "error" in missing
    assert state == ["watched"]


async def test_a_modern_client_listens_and_is_granted_what_exists(small: Server[Any, Any]) -> None:
    async with raw_peer(small) as peer:
        wanted = {
            "toolsListChanged": True,
            "promptsListChanged": True,
            "resourceSubscriptions": ["note:///one", "note:///two", "note:///index", "nonsense"],
        }
        listen = await peer.begin("subscriptions/listen", {"notifications": wanted})
        acknowledged = await peer.receive()
        assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
        granted = {"toolsListChanged": True, "resourceSubscriptions": ["note:///one", "note:///index"]}
        assert acknowledged["params"]["notifications"] == granted
        assert acknowledged["params"]["_meta"] == {"io.modelcontextprotocol/subscriptionId": listen}
        updated = await peer.notification("notifications/resources/updated")
        meta = {"io.modelcontextprotocol/subscriptionId": listen}
        assert updated["params"] == {"_meta": meta, "uri": "note:///one"}
        await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": listen}})


async def test_l5_a_server_that_stops_completes_its_subscriptions(small: Server[Any, Any]) -> None:
    async with small.run(None) as app, join(app) as end:
        peer = RawPeer(end, Revision.V2026_07_28, {})
        listen = await peer.begin("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
        await peer.receive()
        app.close()
        result = (await peer.reply(listen))["result"]
    assert result["resultType"] == "complete"
    assert result["_meta"]["io.modelcontextprotocol/subscriptionId"] == listen


@pytest.mark.parametrize("listener", [1, "1"])
async def test_l2_the_subscription_id_keeps_its_json_type(small: Server[Any, Any], listener: Any) -> None:
    async with raw_peer(small) as peer:
        params = peer.stamped({"notifications": {}})
        await peer.send({"jsonrpc": "2.0", "id": listener, "method": "subscriptions/listen", "params": params})
        acknowledged = await peer.receive()
        assert acknowledged["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == listener
        assert acknowledged["params"]["notifications"] == {}
        cancelled = {"requestId": listener}
        await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled})

"""How the client finds out what a server speaks, message by message."""

import sys
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.client import Client, Command, Endpoint, Eras, RemoteError
from mcp_protocol.errors import ConnectionLost, RemoteProtocolError
from mcp_protocol.revisions import Revision
from mcp_protocol.types import Implementation
from tests.scripted import DISCOVERED, INFO, Message, Scripted, error, result

ME = Implementation(name="me", version="1")


def silent(_: Message) -> list[Message]:
    return []


def answering(*answers: tuple[int, Any]) -> Any:
    """Answers the discoveries in turn with these errors, and handshakes with 2025-11-25."""
    left = list(answers)

    def script(message: Message) -> list[Message]:
        if message["method"] == "server/discover" and left:
            code, data = left.pop(0)
            return [error(message, code, data=data)]
        return []

    return script


class Bare(Scripted):
    """Answers nothing by itself."""

    def _opening(self, message: Message) -> list[Message]:
        if message.get("method") == "initialize":
            return super()._opening(message)
        return []


async def test_a_modern_server_is_asked_once_and_nothing_else() -> None:
    server = Scripted(silent)
    async with Client(server, client_info=ME) as client:
        assert client.revision == "2026-07-28"
        assert client.peer.info == Implementation(name=INFO["name"], version=INFO["version"])
        assert client.peer.instructions == "Be kind"
    (sent,) = server.raw
    assert sent == (
        b'{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{'
        b'"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
        b'"io.modelcontextprotocol/clientInfo":{"name":"me","version":"1"},'
        b'"io.modelcontextprotocol/clientCapabilities":{}}}}'
    )


async def test_a_legacy_server_gets_the_handshake() -> None:
    server = Scripted(silent, revision="2025-11-25")
    async with Client(server, client_info=ME) as client:
        assert client.revision == "2025-11-25"
    _, handshake, done = server.raw
    assert handshake == (
        b'{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-11-25",'
        b'"capabilities":{},"clientInfo":{"name":"me","version":"1"}}}'
    )
    assert done == b'{"jsonrpc":"2.0","method":"notifications/initialized"}'


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-03-26", "2025-06-18"])
async def test_an_older_server_chooses_its_revision(revision: str) -> None:
    async with Client(Scripted(silent, revision=revision)) as client:
        assert client.revision == revision


@pytest.mark.parametrize("code", [-32700, -32600, -32601, -32602, -32603, -32000, 1])
async def test_any_error_that_is_not_modern_leads_to_the_handshake(code: int) -> None:
    async with Client(Bare(answering((code, None)), revision="2025-11-25")) as client:
        assert client.revision == "2025-11-25"


async def test_silence_leads_to_the_handshake_too() -> None:
    server = Bare(silent, revision="2025-11-25")
    async with Client(server, deadline=0.2) as client:
        assert client.revision == "2025-11-25"
    assert not any(message["method"] == "notifications/cancelled" for message in server.sent)


async def test_a_modern_error_that_offers_a_legacy_revision_leads_to_its_handshake() -> None:
    server = Bare(answering((-32022, {"supported": ["2025-06-18"], "requested": "x"})), revision="2025-06-18")
    async with Client(server) as client:
        assert client.revision == "2025-06-18"
    assert server.sent[1]["params"]["protocolVersion"] == "2025-06-18"


@pytest.mark.parametrize(("code", "data"), [(-32020, None), (-32021, {}), (-32022, {"supported": ["2030-01-01"]})])
async def test_a_modern_error_without_a_common_revision_is_no_reason_for_a_handshake(code: int, data: Any) -> None:
    server = Bare(answering((code, data)))
    with pytest.raises(RemoteError) as caught:
        async with Client(server):
            pass
    assert caught.value.code == code
    assert [message["method"] for message in server.sent] == ["server/discover"]


async def test_a_pinned_modern_revision_is_not_exchanged_for_another() -> None:
    with pytest.raises(RemoteError):
        async with Client(Scripted(silent, revision="2025-11-25"), revision="2026-07-28"):
            pass


async def test_a_pinned_legacy_revision_is_asked_for_at_once() -> None:
    server = Scripted(silent, revision="2025-03-26")
    async with Client(server, revision="2025-03-26") as client:
        assert client.revision == "2025-03-26"
    assert server.sent[0]["method"] == "initialize"


async def test_a_pinned_legacy_revision_is_not_exchanged_for_another() -> None:
    with pytest.raises(RemoteProtocolError, match="2025-11-25"):
        async with Client(Scripted(silent, revision="2025-11-25"), revision="2025-03-26"):
            pass


@pytest.mark.parametrize("version", ["2030-01-01", "2026-07-28", ""])
async def test_a_handshake_must_end_in_a_legacy_revision(version: str) -> None:
    with pytest.raises(RemoteProtocolError):
        async with Client(Scripted(silent, revision=version), revision="2025-11-25"):
            pass


async def test_a_discovery_without_a_common_revision_fails() -> None:
    class Future(Scripted):
        def _opening(self, message: Message) -> list[Message]:
            return [result(message, DISCOVERED | {"supportedVersions": ["2030-01-01"]})]

    with pytest.raises(RemoteProtocolError, match="2030-01-01"):
        async with Client(Future(silent)):
            pass


@pytest.mark.parametrize("info", [None, 1, {"name": 1}])
async def test_a_server_without_a_proper_name_has_none(info: Any) -> None:
    class Nameless(Scripted):
        def _opening(self, message: Message) -> list[Message]:
            return [result(message, DISCOVERED | {"_meta": {"io.modelcontextprotocol/serverInfo": info}})]

    async with Client(Nameless(silent)) as client:
        assert client.peer.info is None


async def test_a_server_that_leaves_at_once_is_lost() -> None:
    server = Bare(silent)
    server.end()
    with pytest.raises(ConnectionLost):
        async with Client(server):
            pass


async def test_a_string_that_is_no_url_is_refused() -> None:
    with pytest.raises(ValueError, match="list of strings"):
        async with Client("python server.py"):
            pass


# A server on a pipe that speaks the revision which its first argument's file names, and notes what it is asked.
OLD = """
import json, pathlib, sys
speaks, heard = map(pathlib.Path, sys.argv[1:])
for line in sys.stdin:
    asked = json.loads(line)
    heard.open("a").write(asked["method"] + "\\n")
    if "id" not in asked:
        continue
    answer = {"error": {"code": -32601, "message": "no such method"}}
    if asked["method"] == "initialize" and speaks.read_text() != "2026-07-28":
        info = {"name": "old", "version": "1"}
        answer = {"result": {"protocolVersion": speaks.read_text(), "capabilities": {}, "serverInfo": info}}
    if asked["method"] == "server/discover" and speaks.read_text() == "2026-07-28":
        answer = {"result": {"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {}}}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **answer}), flush=True)
"""


async def test_an_old_server_is_asked_for_discovery_once_for_all_clients_that_share_their_memory(
    tmp_path: Path,
) -> None:
    speaks, heard, eras = tmp_path / "speaks", tmp_path / "heard", Eras()
    command = Command([sys.executable, "-c", OLD, str(speaks), str(heard)])
    asked: list[list[str]] = []
    for revision in ("2025-06-18", "2025-06-18", "2026-07-28", "2026-07-28"):
        speaks.write_text(revision)
        heard.write_text("")
        async with Client(command, eras=eras) as client:
            assert client.revision == revision
        asked.append(heard.read_text().split())
    handshake = ["initialize", "notifications/initialized"]
    assert asked == [["server/discover", *handshake], handshake, ["initialize", "server/discover"], ["server/discover"]]


def test_the_memory_is_bounded_and_knows_urls_and_commands() -> None:
    eras = Eras()
    for number in range(1100):
        eras.keep(f"http://127.0.0.1:{number}/mcp", Revision.V2025_06_18)
    assert eras.recall("http://127.0.0.1:0/mcp") is None
    assert eras.recall(Endpoint("http://127.0.0.1:1099/mcp", headers={"a": "b"})) is Revision.V2025_06_18
    eras.keep(["server", "--flag"], Revision.V2026_07_28)
    assert eras.recall(Command(["server", "--flag"])) is Revision.V2026_07_28
    eras.keep(Scripted(silent), Revision.V2026_07_28)
    assert eras.recall(Scripted(silent)) is None

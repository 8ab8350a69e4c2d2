"""HTTP+SSE of 2024-11-05, by literal bytes and with the official client: off unless asked for, guarded like /mcp."""

import json
from collections.abc import Generator
from typing import Any

import pytest
from mcp.client.session import ClientSession
from mcp.client.sse import sse_client

from mcp_protocol.errors import Unauthorized
from mcp_protocol.limits import Limits
from mcp_protocol.session.calls import Principal
from mcp_protocol.transports.http.app import HttpOptions

HELLO = {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "old", "version": "1"}}
ON = HttpOptions(legacy_sse=True)


class Stream:
    """The stream of a session, and what is posted beside it."""

    def __init__(self, server: Any, **headers: Any) -> None:
        self.server = server
        self.headers = headers
        self.wire = server.connect().send(opening(server, **headers))
        assert self.wire.head().status == 200
        first = self.wire.event()
        assert first["event"] == "endpoint"
        self.address: str = first["data"]

    def message(self) -> Any:
        event = self.wire.event()
        assert event["event"] == "message"
        return json.loads(event["data"])

    def post(self, message: Any, **headers: Any) -> int:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        request = self.server.http("POST", body, path=self.address, **{"accept": None} | self.headers | headers)
        return self.server.ask(request).status

    def send(self, method: str, params: Any = None, *, id_: Any = None) -> None:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        assert self.post(message if id_ is None else message | {"id": id_}) == 202

    def shake_hands(self, **capabilities: Any) -> "Stream":
        self.send("initialize", HELLO | {"capabilities": capabilities}, id_="hello")
        assert self.message()["result"]["protocolVersion"] == "2024-11-05"
        self.send("notifications/initialized")
        return self

    def call(self, tool: str, *, id_: Any = 1, token: Any = None, **arguments: Any) -> None:
        meta = {} if token is None else {"_meta": {"progressToken": token}}
        self.send("tools/call", {"name": tool, "arguments": arguments, **meta}, id_=id_)


def opening(server: Any, **headers: Any) -> bytes:
    return server.http("GET", path="/sse", **{"content_type": None, "accept": "text/event-stream"} | headers)


@pytest.fixture
def house(serve_house: Any, fresh: Any) -> Generator[Any]:
    with serve_house(fresh, options=ON) as server:
        yield server


def test_it_is_off_unless_asked_for(server: Any) -> None:
    assert server.ask(opening(server)).status == 404
    assert server.ask(server.http("POST", b"{}", path="/messages?session=x")).status == 404


def test_the_address_comes_first_and_every_message_of_the_server_after_it(house: Any) -> None:
    stream = Stream(house).shake_hands()
    assert stream.address.startswith("/messages?session=")
    stream.call("report", id_=7, token="t", steps=1, label="x")  # noqa: S106  a progress token
    assert stream.message()["method"] == "notifications/progress"
    reply = stream.message()
    assert (reply["id"], reply["result"]["content"][0]["text"]) == (7, "x")
    # 2024-11-05 has no structured content.
    assert "structuredContent" not in reply["result"]


def test_the_literal_bytes_of_a_session(house: Any) -> None:
    with house.connect() as wire:
        wire.send(opening(house))
        head = wire.head()
        assert head.header("content-type") == "text/event-stream"
        first = wire.exactly(int(wire.until(b"\r\n"), 16))
        assert first.startswith(b"event: endpoint\ndata: /messages?session=")
        wire.exactly(2)
        address = first.split(b"data: ")[1].strip().decode()
        ping = b'{"jsonrpc":"2.0",\n"id":1,\r\n"method":"ping"}'
        answer = house.ask(house.http("POST", ping, path=address, accept="application/json"))
        assert (answer.status, answer.body) == (202, b"")
        said = wire.exactly(int(wire.until(b"\r\n"), 16))
    assert said == b'event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'


def test_a_question_is_asked_on_the_stream_and_answered_by_a_post(house: Any) -> None:
    stream = Stream(house)
    stream.send("initialize", HELLO | {"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}}}, id_=0)
    stream.message()
    stream.send("notifications/initialized")
    stream.call("ask")
    question = stream.message()
    assert question["method"] == "elicitation/create"
    answer = {"action": "accept", "content": {"name": "Ada"}}
    assert stream.post({"jsonrpc": "2.0", "id": question["id"], "result": answer}) == 202
    assert stream.message()["result"]["content"][0]["text"] == "Ada"


def test_changes_arrive_and_a_cancelled_call_is_not_answered(house: Any, fresh: Any) -> None:
    stream = Stream(house).shake_hands()
    stream.send("resources/subscribe", {"uri": "test://thing"}, id_=1)
    assert stream.message()["id"] == 1
    stream.call("wait", id_=2)
    assert fresh.started.wait(5)
    stream.send("notifications/cancelled", {"requestId": 2})
    assert fresh.cancelled.wait(5)
    stream.call("change", id_=3)
    came = [stream.message() for _ in range(3)]
    assert {message.get("method", message.get("id")) for message in came} == {
        "notifications/tools/list_changed",
        "notifications/resources/updated",
        3,
    }


def test_the_modern_era_is_not_spoken_here(house: Any) -> None:
    stream = Stream(house)
    body = house.modern("server/discover").partition(b"\r\n\r\n")[2]
    assert stream.post(body) == 202
    assert stream.message()["error"]["code"] == -32602
    stream.shake_hands()
    assert stream.post(body) == 202
    assert stream.message()["error"]["code"] == -32601


def test_what_is_no_message_is_answered_on_the_stream(house: Any) -> None:
    stream = Stream(house).shake_hands()
    for body, code in ((b"{", -32700), (b"[]", -32600), (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600)):
        assert stream.post(body) == 202
        assert stream.message()["error"]["code"] == code


def test_the_end_of_the_stream_ends_the_session_and_its_calls(house: Any, fresh: Any) -> None:
    stream = Stream(house).shake_hands()
    stream.call("wait")
    assert fresh.started.wait(5)
    stream.wire.socket.close()
    assert fresh.cancelled.wait(5)
    assert stream.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}) == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.com"}, 421),
        ({"origin": "https://evil.com"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
    ],
)
def test_strangers_are_turned_away_from_both_addresses(house: Any, headers: Any, status: int) -> None:
    stream = Stream(house).shake_hands()
    assert house.ask(opening(house, **headers)).status == status
    assert stream.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}, **headers) == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_type": "text/plain"}, 415),
        ({"content_encoding": "gzip"}, 415),
        ({"content_length": str(5 * 1024 * 1024)}, 413),
    ],
)
def test_a_post_has_the_bounds_of_any_other(house: Any, headers: Any, status: int) -> None:
    assert Stream(house).post(b"{}", **headers) == status


def test_other_methods_and_other_accepts_are_refused(house: Any) -> None:
    stream = Stream(house)
    for method, path in (("POST", "/sse"), ("DELETE", "/sse"), ("GET", stream.address), ("PUT", stream.address)):
        assert house.ask(house.http(method, path=path)).status == 405
    assert house.ask(opening(house, accept="application/json")).status == 406


def test_an_address_that_is_not_a_session_is_none(house: Any) -> None:
    stream = Stream(house).shake_hands()
    own = stream.address
    for address in ("/messages", own[:-1], own.upper(), own + "&session=x", own + "x" * 300, "/messages?session="):
        stream.address = "/messages" + address[9:]
        assert stream.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}) == 404


def test_a_session_of_another_principal_is_none_and_a_token_is_needed(serve_house: Any, fresh: Any) -> None:
    def authenticate(fields: Any) -> Principal:
        token = fields.get(b"authorization", b"").decode()
        if not token:
            raise Unauthorized("A token is needed", challenge="Bearer")
        return Principal("test", token)

    with serve_house(fresh, options=HttpOptions(legacy_sse=True, authenticate=authenticate)) as server:
        assert server.ask(opening(server)).status == 401
        stream = Stream(server, authorization="Bearer a").shake_hands()
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        assert stream.post(ping, authorization="Bearer b") == 404
        assert stream.post(ping, authorization=None) == 401
        assert stream.post(ping) == 202


def test_sessions_have_a_bound_and_those_that_never_begin_end(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh, options=ON, limits=Limits(sessions=1, handshake_seconds=0.2)) as server:
        idle = Stream(server)
        assert server.ask(opening(server)).status == 503
        with pytest.raises(ConnectionError):
            idle.wire.event()
        Stream(server).shake_hands()


def test_a_stop_lets_the_calls_answer(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh, options=ON) as server:
        stream = Stream(server).shake_hands()
        stream.call("wait")
        assert fresh.started.wait(5)
        server.soon(server.stop.set)
        fresh.release(server)
        assert stream.message()["result"]["content"][0]["text"] == "done"
        with pytest.raises(ConnectionError):
            stream.wire.event()


async def test_the_official_client_holds_a_conversation(house: Any) -> None:
    async with sse_client(f"http://{house.host}/sse") as (read, write), ClientSession(read, write) as session:
        agreed = await session.initialize()
        tools = await session.list_tools()
        result = await session.call_tool("echo", {"text": "hi"})
        resource = await session.read_resource("test://thing")
    assert agreed.server_info.name == "http-test"
    assert "echo" in {tool.name for tool in tools.tools}
    assert result.structured_content == {"result": "hi"}
    assert resource.contents

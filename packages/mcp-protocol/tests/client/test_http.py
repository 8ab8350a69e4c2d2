"""The client over Streamable HTTP, against literal answers: headers, streams, eras, cancellation."""

import asyncio

import pytest

from mcp_protocol.client import Client, Endpoint, HttpStatusError, RemoteError
from mcp_protocol.errors import ConnectionLost, Forbidden, MessageTooLarge, RemoteProtocolError, Unauthorized
from mcp_protocol.limits import Limits
from mcp_protocol.types import ProgressParams, Text
from tests.scripted import PATIENCE, error, notice, result
from tests.scripted_http import EVENTS, Asked, answer, legacy, modern, site

DONE = {"content": [{"type": "text", "text": "done"}]}
REGION = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}


async def done(asked: Asked) -> None:
    await asked.write(answer(result(asked.message, DONE)))


async def stuck(asked: Asked) -> None:
    await asked.write(EVENTS)
    await asked.closed()


async def test_a_request_repeats_itself_in_its_headers() -> None:
    async with site(modern(done)) as server, Client(server.url) as client:
        assert (await client.call_tool("t", {"a": 1})).content == [Text("done")]
        asked = server.asked[-1]
    assert (asked.http_method, asked.message["params"]["name"]) == ("POST", "t")
    expected = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "t",
    }
    assert expected.items() <= asked.headers.items()
    assert "mcp-session-id" not in asked.headers


@pytest.mark.parametrize(
    ("name", "header"),
    [("file:///a b", "file:///a b"), ("file:///\u00e9", "=?base64?ZmlsZTovLy/DqQ==?="), (" x", "=?base64?IHg=?=")],
)
async def test_a_name_that_no_header_can_carry_is_encoded(name: str, header: str) -> None:
    async def read(asked: Asked) -> None:
        await asked.write(answer(result(asked.message, {"contents": []})))

    async with site(modern(read)) as server, Client(server.url) as client:
        await client.read_resource(name)
        assert server.asked[-1].headers["mcp-name"] == header


async def test_other_requests_name_nothing() -> None:
    async def tools(asked: Asked) -> None:
        await asked.write(answer(result(asked.message, {"tools": []})))

    async with site(modern(tools)) as server, Client(server.url) as client:
        await client.list_tools()
        assert "mcp-name" not in server.asked[-1].headers


async def test_annotated_arguments_of_a_listed_tool_become_headers() -> None:
    async def script(asked: Asked) -> None:
        tools = {"tools": [{"name": "t", "inputSchema": REGION}]}
        await asked.write(answer(result(asked.message, tools if asked.method == "tools/list" else DONE)))

    async with site(modern(script)) as server, Client(server.url) as client:
        await client.list_tools()
        await client.call_tool("t", {"region": "us"})
        assert server.asked[-1].headers["mcp-param-region"] == "us"
        await client.call_tool("t", {"region": None})
        assert "mcp-param-region" not in server.asked[-1].headers


async def test_a_missing_header_makes_the_client_look_and_try_once_more() -> None:
    async def script(asked: Asked) -> None:
        if asked.method == "tools/list":
            await asked.write(answer(result(asked.message, {"tools": [{"name": "t", "inputSchema": REGION}]})))
        elif "mcp-param-region" in asked.headers:
            await done(asked)
        else:
            await asked.write(answer(error(asked.message, -32020), "400 Bad Request"))

    async with site(modern(script)) as server, Client(server.url) as client:
        assert await client.call_tool("t", {"region": "us"})
        with pytest.raises(RemoteError, match="-32020"):
            await client.call_tool("t", {})
    methods = [asked.method for asked in server.asked[1:]]
    assert methods == ["tools/call", "tools/list", "tools/call"] * 2


async def test_a_stream_brings_progress_before_the_answer() -> None:
    async def steps(asked: Asked) -> None:
        await asked.write(EVENTS + b":\r\n\r\n: comment\n\n")
        token = asked.message["params"]["_meta"]["progressToken"]
        await asked.event(notice("notifications/progress", progressToken=token, progress=1))
        await asked.event(result(asked.message, DONE))

    heard: list[ProgressParams] = []
    async with site(modern(steps)) as server, Client(server.url) as client:
        assert await client.call_tool("t", on_progress=heard.append)
    assert [step.progress for step in heard] == [1]


@pytest.mark.parametrize("begin", [EVENTS, EVENTS + b"id: 1\ndata: \n\n"])
async def test_a_modern_stream_that_ends_too_early_is_lost(begin: bytes) -> None:
    async def short(asked: Asked) -> None:
        await asked.write(begin)

    async with site(modern(short)) as server, Client(server.url) as client:
        with pytest.raises(ConnectionLost, match="before the answer"):
            await client.call_tool("t")


async def test_an_error_has_a_body_whatever_its_status() -> None:
    async def missing(asked: Asked) -> None:
        await asked.write(answer(error(asked.message, -32601, "no such thing"), "404 Not Found"))

    async with site(modern(missing)) as server, Client(server.url) as client:
        with pytest.raises(RemoteError, match="no such thing"):
            await client.call_tool("t")


@pytest.mark.parametrize("status", ["400 Bad Request", "500 Oops", "200 OK", "302 Found"])
async def test_an_answer_that_is_none_is_an_error(status: str) -> None:
    async def nonsense(asked: Asked) -> None:
        await asked.write(f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nConnection: close\r\n\r\nhi".encode())

    async with site(modern(nonsense)) as server, Client(server.url) as client:
        with pytest.raises(HttpStatusError, match=status[:3]):
            await client.call_tool("t")


@pytest.mark.parametrize("body", [b"{}", b"[]", b"nonsense", b'{"jsonrpc":"2.0","method":"x"}'])
async def test_json_that_is_no_answer_is_a_fault_of_the_server(body: bytes) -> None:
    async def nonsense(asked: Asked) -> None:
        await asked.write(answer(body))

    async with site(modern(nonsense)) as server, Client(server.url) as client:
        with pytest.raises(RemoteProtocolError):
            await client.call_tool("t")


@pytest.mark.parametrize(
    ("status", "kind"), [("401 Unauthorized", Unauthorized), ("403 Forbidden", Forbidden), ("403 Forbidden", None)]
)
async def test_a_refused_token_is_told_apart(status: str, kind: type[Exception] | None) -> None:
    challenge = ["WWW-Authenticate: Bearer scope=x"] if kind else []

    async def refuse(asked: Asked) -> None:
        await asked.write(answer(b"{}", status, *challenge))

    async with site(refuse) as server:
        with pytest.raises(kind or HttpStatusError) as caught:
            async with Client(server.url, revision="2026-07-28"):
                pass
    if isinstance(caught.value, Unauthorized):
        assert caught.value.challenge == "Bearer scope=x"


async def test_headers_of_the_endpoint_go_with_every_request() -> None:
    async with site(modern(done)) as server:
        endpoint = Endpoint(server.url, headers={"Authorization": "Bearer x"})
        async with Client(endpoint) as client:
            await client.call_tool("t")
    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer x"] * 2


async def test_a_server_that_is_not_there_is_lost() -> None:
    async with site(modern(done)) as server:
        pass
    with pytest.raises(ConnectionLost):
        async with Client(server.url):
            pass


async def test_a_cancelled_call_closes_its_stream() -> None:
    closed = asyncio.Event()

    async def script(asked: Asked) -> None:
        await stuck(asked)
        closed.set()

    async with site(modern(script)) as server, Client(server.url) as client, asyncio.TaskGroup() as group:
        call = group.create_task(client.call_tool("t"))
        await server.until("tools/call")
        call.cancel()
        async with asyncio.timeout(PATIENCE):
            await closed.wait()
    assert [asked.method for asked in server.asked] == ["server/discover", "tools/call"]


async def test_a_cancelled_call_of_a_legacy_session_is_told() -> None:
    async with site(legacy(stuck)) as server, Client(server.url) as client, asyncio.TaskGroup() as group:
        call = group.create_task(client.call_tool("t"))
        asked = await server.until("tools/call")
        call.cancel()
        told = await server.until("notifications/cancelled")
    assert told.message["params"] == {"requestId": asked.message["id"]}


OPENINGS: dict[str, bytes] = {
    "an empty 400": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "a 404": b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
    "a 405": b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "JSON that is no message": answer(b'{"detail":"Bad Request"}', "400 Bad Request"),
    "a legacy error": answer(b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"x"}}', "400 Bad Request"),
    "a legacy error in a success": answer(b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"x"}}'),
}


@pytest.mark.parametrize("opening", OPENINGS)
async def test_what_is_no_modern_answer_leads_to_the_handshake(opening: str) -> None:
    inner = legacy(done)

    async def script(asked: Asked) -> None:
        await (asked.write(OPENINGS[opening]) if asked.method == "server/discover" else inner(asked))

    async with site(script) as server, Client(server.url) as client:
        assert client.revision == "2025-11-25"


async def test_a_modern_error_stays_modern() -> None:
    body = error({"id": 1}, -32022, data={"supported": ["2031-01-01"], "requested": "2026-07-28"})

    async def refuse(asked: Asked) -> None:
        await asked.write(answer(body, "400 Bad Request"))

    async with site(refuse) as server:
        with pytest.raises(RemoteError, match="-32022"):
            async with Client(server.url):
                pass
    assert [asked.method for asked in server.asked] == ["server/discover"]


@pytest.mark.parametrize("streamed", [True, False])
async def test_an_answer_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch, *, streamed: bool) -> None:
    monkeypatch.setattr("mcp_protocol.client.http.RECEIVED", Limits(message=1000))
    text = {"content": [{"type": "text", "text": "x" * 2000}]}

    async def much(asked: Asked) -> None:
        message = result(asked.message, text)
        await asked.write(EVENTS if streamed else answer(message))
        if streamed:
            await asked.event(message)

    async with site(modern(much)) as server, Client(server.url) as client:
        with pytest.raises(MessageTooLarge):
            await client.call_tool("t")


async def test_a_modern_stream_that_breaks_is_lost() -> None:
    async def broken(asked: Asked) -> None:
        await asked.write(EVENTS.replace(b"Connection", b"Content-Length: 999\r\nConnection") + b": x\n")

    async with site(modern(broken)) as server, Client(server.url) as client:
        with pytest.raises(ConnectionLost, match="failed"):
            await client.call_tool("t")

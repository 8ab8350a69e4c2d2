"""Legacy sessions over HTTP: the session's id, its own stream, questions, resumption, the end."""

import asyncio
from collections.abc import Sequence

import pytest

from mcp_protocol.client import Answers, Client
from mcp_protocol.errors import ConnectionLost
from mcp_protocol.types import Root, Text
from tests.scripted import PATIENCE, Message, notice, result
from tests.scripted_http import ACCEPTED, EVENTS, Asked, answer, legacy, site

DONE = {"content": [{"type": "text", "text": "done"}]}
TOOLS = "notifications/tools/list_changed"
QUESTION: Message = {"jsonrpc": "2.0", "id": "q", "method": "roots/list"}
NOT_ALLOWED = b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def done(asked: Asked) -> None:
    await asked.write(answer(result(asked.message, DONE)))


async def roots() -> Sequence[Root]:
    return [Root("file:///home")]


@pytest.mark.parametrize(("revision", "header"), [("2025-03-26", None), ("2025-06-18", "2025-06-18")])
async def test_the_session_and_its_revision_are_named_after_the_handshake(revision: str, header: str | None) -> None:
    async with site(legacy(done, revision)) as server, Client(server.url) as client:
        await client.call_tool("t")
    discover, initialize, *rest = server.asked
    assert "mcp-session-id" not in initialize.headers
    assert "mcp-protocol-version" not in initialize.headers
    assert discover.headers["mcp-protocol-version"] == "2026-07-28"
    assert [asked.method for asked in rest] == ["notifications/initialized", "tools/call", "DELETE"]
    assert {asked.headers["mcp-session-id"] for asked in rest} == {"s1"}
    assert {asked.headers.get("mcp-protocol-version") for asked in rest} == {header}
    assert not any("mcp-method" in asked.headers for asked in rest)


async def test_a_server_without_sessions_is_not_told_of_an_end() -> None:
    async with site(legacy(done, session="X-Other: 1")) as server, Client(server.url) as client:
        await client.call_tool("t")
    assert server.asked[-1].method == "tools/call"


async def test_a_forgotten_session_is_lost() -> None:
    async def forget(asked: Asked) -> None:
        await asked.write(answer(b"{}", "404 Not Found"))

    async with site(legacy(forget)) as server, Client(server.url) as client:
        with pytest.raises(ConnectionLost, match="forgotten"):
            await client.call_tool("t")


async def test_a_question_on_the_stream_is_answered_by_a_post_of_its_own() -> None:
    answered = asyncio.Event()

    async def script(asked: Asked) -> None:
        match asked.method:
            case "tools/call":
                await asked.write(EVENTS)
                await asked.event(QUESTION)
                await answered.wait()
                await asked.event(result(asked.message, DONE))
            case "POST":
                answered.set()
                await asked.write(ACCEPTED)
            case _:
                await asked.write(NOT_ALLOWED)

    async with site(legacy(script)) as server, Client(server.url, answers=Answers(roots=roots)) as client:
        assert (await client.call_tool("t", deadline=PATIENCE)).content == [Text("done")]
    reply = await server.until("POST")
    assert reply.message == {"jsonrpc": "2.0", "id": "q", "result": {"roots": [{"uri": "file:///home"}]}}
    assert reply.headers["mcp-session-id"] == "s1"


async def test_a_server_that_may_ask_gets_a_stream_of_the_session() -> None:
    answered = asyncio.Event()

    async def script(asked: Asked) -> None:
        if asked.method == "GET":
            await asked.write(EVENTS)
            await asked.event(QUESTION)
            await asked.closed()
        else:
            answered.set()
            await asked.write(ACCEPTED)

    async with site(legacy(script)) as server, Client(server.url, answers=Answers(roots=roots)):
        async with asyncio.timeout(PATIENCE):
            await answered.wait()
    get = await server.until("GET")
    assert (get.headers["accept"], get.headers["mcp-session-id"]) == ("text/event-stream", "s1")
    assert "last-event-id" not in get.headers


async def test_changes_come_on_the_stream_of_the_session_which_is_opened_again() -> None:
    async def script(asked: Asked) -> None:
        await asked.write(EVENTS)
        if "last-event-id" in asked.headers:
            await asked.event(notice("notifications/prompts/list_changed"), number=8)
            await asked.closed()
        else:
            await asked.event(notice(TOOLS), number=7, retry=1)

    async with (
        site(legacy(script)) as server,
        Client(server.url) as client,
        client.listen(tools=True, prompts=True) as on,
    ):
        async with asyncio.timeout(PATIENCE):
            methods = [(await anext(on)).method, (await anext(on)).method]
    assert methods == [TOOLS, "notifications/prompts/list_changed"]
    assert (await server.until("GET", 2)).headers["last-event-id"] == "7"


async def test_a_server_without_such_a_stream_is_not_asked_twice() -> None:
    async def script(asked: Asked) -> None:
        await (asked.write(NOT_ALLOWED) if asked.method == "GET" else done(asked))

    async with site(legacy(script)) as server, Client(server.url, answers=Answers(roots=roots)) as client:
        await server.until("GET")
        await client.call_tool("t")
    assert [asked.method for asked in server.asked].count("GET") == 1


async def test_an_answer_is_fetched_when_its_stream_ended_too_early() -> None:
    held: list[Message] = []

    async def script(asked: Asked) -> None:
        if asked.method == "tools/call":
            held.append(asked.message)
        await asked.write(EVENTS)
        match asked.headers.get("last-event-id"):
            case None:
                await asked.event(number=1, retry=1)  # primes the stream, and closes it
            case "1":
                await asked.event(notice(TOOLS), number=2)
            case _:
                await asked.event(result(held[0], DONE), number=3)

    async with asyncio.timeout(PATIENCE), site(legacy(script)) as server, Client(server.url) as client:
        assert (await client.call_tool("t")).content == [Text("done")]
        assert [asked.headers.get("last-event-id") for asked in server.asked[-2:]] == ["1", "2"]


async def test_a_stream_that_never_goes_on_is_given_up() -> None:
    async def script(asked: Asked) -> None:
        await asked.write(EVENTS + (b"id: 1\nretry: 1\ndata:\n\n" if asked.method == "tools/call" else b""))

    async with asyncio.timeout(PATIENCE), site(legacy(script)) as server, Client(server.url) as client:
        with pytest.raises(ConnectionLost, match="before the answer"):
            await client.call_tool("t")
    assert [asked.method for asked in server.asked].count("GET") == 5


async def test_a_stream_without_an_id_cannot_be_resumed() -> None:
    async def script(asked: Asked) -> None:
        await asked.write(EVENTS)

    async with site(legacy(script)) as server, Client(server.url) as client:
        with pytest.raises(ConnectionLost):
            await client.call_tool("t")
    assert "GET" not in [asked.method for asked in server.asked]


async def test_a_stream_that_breaks_is_resumed_like_one_that_ends() -> None:
    held: list[Message] = []

    async def script(asked: Asked) -> None:
        if asked.method == "tools/call":
            held.append(asked.message)
            await asked.write(EVENTS.replace(b"Connection", b"Content-Length: 999\r\nConnection"))
            await asked.event(number=1, retry=1)
        else:
            await asked.write(EVENTS + b"data: noise\n\n")
            await asked.event(result(held[0], DONE))

    async with site(legacy(script)) as server, Client(server.url) as client:
        assert (await client.call_tool("t", deadline=PATIENCE)).content == [Text("done")]


async def test_the_stream_of_the_session_survives_a_broken_connection() -> None:
    gets: list[Asked] = []

    async def script(asked: Asked) -> None:
        gets.append(asked)
        if len(gets) == 1:
            await asked.write(EVENTS)
            await asked.event(number=1, retry=1)
        elif len(gets) > 2:  # the second is closed without a word
            await asked.write(EVENTS)
            await asked.event(notice(TOOLS))
            await asked.closed()

    async with site(legacy(script)) as server, Client(server.url) as client, client.listen(tools=True) as changes:
        async with asyncio.timeout(PATIENCE):
            assert (await anext(changes)).method == TOOLS


@pytest.mark.parametrize("status", [b"400 Bad Request", b"404 Not Found"])
async def test_an_answer_to_a_question_may_be_lost(status: bytes, caplog: pytest.LogCaptureFixture) -> None:
    refused = asyncio.Event()

    async def script(asked: Asked) -> None:
        match asked.method:
            case "tools/call":
                await asked.write(EVENTS)
                await asked.event(QUESTION)
                await refused.wait()
                await asked.event(result(asked.message, DONE))
            case "POST":
                await asked.write(b"HTTP/1.1 %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
                refused.set()
            case _:
                await asked.write(NOT_ALLOWED)

    async with site(legacy(script)) as server, Client(server.url, answers=Answers(roots=roots)) as client:
        assert await client.call_tool("t", deadline=PATIENCE)
    assert "an answer was lost" in caplog.text

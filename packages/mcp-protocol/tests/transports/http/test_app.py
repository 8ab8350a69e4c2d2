"""The ASGI application around the endpoint: other paths, who asks, other protocols, start and stop."""

import asyncio
from typing import Any

import pytest

from mcp_protocol.errors import Forbidden, Unauthorized
from mcp_protocol.limits import Limits
from mcp_protocol.session.calls import Principal
from mcp_protocol.transports.http.app import HttpApp, HttpOptions


async def hello(scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": scope["path"].encode()[1:6]})


def known(fields: Any) -> Principal:
    token = fields.get(b"authorization")
    if token == b"Bearer weak":
        raise Forbidden("Not enough", challenge='Bearer error="insufficient_scope"')
    if token not in {b"Bearer ada", b"Bearer bob"}:
        raise Unauthorized("Who are you?", challenge='Bearer realm="x"')
    return Principal("test", token.decode())


async def known_later(fields: Any) -> Principal:
    await asyncio.sleep(0)
    return known(fields)


@pytest.mark.parametrize("authenticate", [known, known_later])
def test_every_request_needs_its_token(serve_house: Any, fresh: Any, authenticate: Any) -> None:
    with serve_house(fresh, options=HttpOptions(authenticate=authenticate)) as server:
        call = {"text": "x"}
        none = server.ask(server.call("echo", **call))
        weak = server.ask(server.call("echo", headers={"authorization": "Bearer weak"}, **call))
        two = server.ask(server.call("echo", headers={"authorization": ["Bearer ada", "Bearer ada"]}, **call))
        good = server.ask(server.call("echo", headers={"authorization": "Bearer ada"}, **call))
        assert [answer.status for answer in (none, weak, two, good)] == [401, 403, 401, 200]
        assert none.header("www-authenticate") == 'Bearer realm="x"'
        assert weak.header("www-authenticate") == 'Bearer error="insufficient_scope"'
        assert fresh.calls == ["x"]
        for method in ("GET", "DELETE"):
            assert server.ask(server.http(method, mcp_session_id="x")).status == 401


def test_a_session_belongs_to_the_one_who_opened_it(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh, options=HttpOptions(authenticate=known)) as server:
        session = server.initialize(authorization="Bearer ada")
        for request in (session.request("ping"), session.get(), session.delete()):
            assert server.ask(request.replace(b"Bearer ada", b"Bearer bob")).status == 404
        assert server.ask(session.request("ping")).status == 200


def test_other_paths_are_guarded_as_the_endpoint_is_and_probes_are_not(serve_house: Any, fresh: Any) -> None:
    options = HttpOptions(routes={"/metrics": hello}, probes={"/health": hello})
    with serve_house(fresh, options=options) as server:
        assert server.ask(server.http("GET", path="/metrics")).body == b"metri"
        assert server.ask(server.http("GET", path="/metrics", host="evil.com")).status == 421
        assert server.ask(server.http("GET", path="/metrics", origin="https://evil.com")).status == 403
        assert server.ask(server.http("GET", path="/health", host="10.0.0.7:8000")).body == b"healt"
        assert server.ask(server.http("GET", path="/other")).status == 404


def test_the_path_can_be_another_one(serve_house: Any, fresh: Any) -> None:
    with serve_house(fresh, options=HttpOptions(path="/tools")) as server:
        assert server.ask(server.call("echo", text="x")).status == 404
        assert server.ask(server.call("echo", text="x").replace(b"POST /mcp ", b"POST /tools ")).status == 200


def test_hosts_and_origins_can_be_others(serve_house: Any, fresh: Any) -> None:
    options = HttpOptions(hosts=frozenset({"mcp.example"}), origins=frozenset({"https://app.example"}))
    with serve_house(fresh, options=options) as server:
        allowed = {"host": "mcp.example", "origin": "https://app.example"}
        assert server.ask(server.call("echo", text="x", headers=allowed)).status == 200
        assert server.ask(server.call("echo", text="x")).status == 421


async def test_no_websocket() -> None:
    """CVE-2026-59950: a page opened a WebSocket to a loopback server; browsers ask nobody before they do."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(event: Any) -> None:
        sent.append(event)

    app: Any = HttpApp.__new__(HttpApp)
    await app({"type": "websocket"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_before_the_start_and_after_the_stop_there_is_nobody() -> None:
    sent: list[Any] = []

    async def send(event: Any) -> None:
        sent.append(event)

    async def silence() -> Any:
        return {"type": "http.disconnect"}

    limits: Any = type("Nothing", (), {"limits": Limits()})
    app = HttpApp(limits, HttpOptions(hosts=frozenset({"h"})))
    scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": [(b"host", b"h")]}
    await app(scope, silence, send)
    assert sent[0]["status"] == 503
    await app.drain()

"""Two people on one server over HTTP: what is one's is not there for the other, in whatever way it is asked for."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from lanes_of_tests import Reply, Visitor, each_revision, over_http

from mcp_protocol.client import Client, Endpoint, RemoteError

Site = Any
AUDIENCE = "https://browser.example/mcp"
CAPS = "vision,pdf,storage,network,testing,devtools,config,webmcp"
SCOPES = "browser:read browser:write browser:admin"


@asynccontextmanager
async def issuing() -> AsyncGenerator[str]:
    """An issuer that knows everybody by the end of their token."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        [token] = parse_qs((await reader.readexactly(length)).decode())["token"]
        known = {"active": True, "sub": token.rpartition("-")[2], "aud": AUDIENCE, "scope": SCOPES}
        body = json.dumps(known).encode()
        fields = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
        writer.write(f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n".encode() + body)
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()


@asynccontextmanager
async def two_people(site: Site, place: Path, revision: str) -> AsyncGenerator[tuple[Client, Client]]:
    """Clients of Ann and of Bob, of one server."""
    (place / "known-by").write_text("issuers-words\n")
    async with issuing() as issuer:
        known = ("--auth-introspection-url", f"{issuer}/introspect", "--auth-client-id", "me")
        words = ("--auth-client-secret-file", str(place / "known-by"))
        flags = ("--auth-issuer", issuer, "--auth-audience", AUDIENCE, *known, *words, "--caps", CAPS)
        async with over_http("--allowed-origins", site.url, "--allow-reveal", *flags) as (url, _):
            ann, bob = (
                Endpoint(url, headers={"Authorization": f"Bearer opaque-token-{name}"}) for name in ("ann", "bob")
            )
            async with Client(ann, revision=revision) as one, Client(bob, revision=revision) as two:
                yield one, two


async def session_of(client: Client) -> Visitor:
    made = Reply(await client.call_tool("browser_session", {"action": "create"}))
    assert not made.is_error, made.text
    return Visitor(client, made.data["session"])


async def missing(client: Client, uri: str) -> tuple[int, str]:
    with pytest.raises(RemoteError) as caught:
        await client.read_resource(uri)
    return caught.value.code, caught.value.message


@each_revision
async def test_nothing_of_one_person_is_there_for_another(
    chromium: str, site: Site, tmp_path: Path, revision: str
) -> None:
    """CVE-2026-52869, CVE-2026-52870: sessions and ids that work across users. O5 of the catalogue."""
    del chromium
    async with two_people(site, tmp_path, revision) as (one, two):
        ann, bob = await session_of(one), await session_of(two)
        await ann.do("browser_navigate", url=f"{site.url}/login", snapshot="none")
        await ann.do("browser_type", target="[name=u]", text="ann", submit=True, snapshot="none")
        await ann.run("() => { localStorage.who = 'ann'; console.log('for ann') }")
        shot = await ann.do("browser_take_screenshot")
        gone = await session_of(one)
        await gone.do("browser_session", action="close")
        words = {
            (await two_texts(two, tool, handle))
            for handle in (ann.session, gone.session, "A" * 22)
            for tool in ("browser_snapshot", "browser_tabs", "browser_cookie_list", "browser_evaluate")
        }
        assert len(words) == 1
        assert next(iter(words)).startswith("session_expired: ")
        for path in ("page", "tabs/t1/snapshot", "tabs/t1/console", "tabs/t1/network", "artifacts"):
            foreign, invented = (f"browser://{handle}/{path}" for handle in (ann.session, "A" * 22))
            assert await missing(two, foreign) == await missing(two, invented)
            assert (await one.read_resource(foreign)).contents
        assert await missing(two, shot.link.uri) == await missing(two, f"browser://{ann.session}/artifacts/{'A' * 16}")
        await bob.do("browser_navigate", url=f"{site.url}/whoami", snapshot="none")
        assert await bob.run("() => [document.cookie, localStorage.who || 'nobody']") == ["", "nobody"]
        assert {session["session"] for session in (await listed(two))} == {bob.session}
        assert [uri.uri for uri in await two.list_resources() if ann.session in uri.uri] == []
        assert ann.session not in str((await two.read_resource("browser://sessions")).contents)
        undisturbed = await ann.run("() => [document.cookie, localStorage.who]")
    assert undisturbed == ["user=ann", "ann"]


# What the schema does not say of arguments: one of several that is needed, or a form that a text must have.
GIVEN: dict[str, dict[str, Any]] = {
    "browser_find": {"text": "x"},
    "browser_session": {"action": "info"},
    "browser_tabs": {"action": "list"},
    "browser_navigate": {"url": "http://127.0.0.1:1/"},
    "browser_evaluate": {"function": "() => document.cookie"},
    "browser_fill_form": {"fields": [{"target": "x", "type": "textbox", "value": "x"}]},
    "browser_emulate": {"cpuRate": 1},
    "browser_drop": {"target": "x", "data": {"text/plain": "x"}},
    "browser_wait_for": {"text": "x"},
}


def least(schema: dict[str, Any]) -> Any:
    """The least that a schema takes."""
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return least(schema["anyOf"][0])
    if schema.get("type") == "array":
        return [least(schema["items"])] if "items" in schema else []
    if schema.get("type") == "object":
        return {name: least(schema["properties"][name]) for name in schema.get("required", ())}
    return {"integer": 1, "number": 1, "boolean": True}.get(schema.get("type", ""), "x")


@each_revision
async def test_every_tool_is_told_the_same_of_another_persons_handle_and_of_an_invented_one(
    chromium: str, site: Site, tmp_path: Path, revision: str
) -> None:
    """CVE-2026-52869: not one tool, whatever it does with a session, does it with somebody else's."""
    del chromium
    async with two_people(site, tmp_path, revision) as (one, two):
        ann = await session_of(one)
        await ann.do("browser_navigate", url=f"{site.url}/form", snapshot="none")
        tools = [tool for tool in await two.list_tools() if "session" in tool.input_schema["properties"]]
        for tool in tools:
            arguments = GIVEN.get(tool.name) or least({"type": "object", **tool.input_schema})
            told = [
                Reply(await two.call_tool(tool.name, {**arguments, "session": handle}))
                for handle in (ann.session, "A" * 22)
            ]
            assert told[0].text == told[1].text, tool.name
            assert told[0].error_code == "session_expired", (tool.name, told[0].text)
        undisturbed = await ann.run("() => document.title")
    assert len(tools) > 70
    assert undisturbed == "Form"


async def test_ids_and_cursors_mean_nothing_in_a_session_of_somebody_else(
    chromium: str, site: Site, tmp_path: Path
) -> None:
    """CVE-2026-52870: what was given out for one session is tried in another, whose owner asks for it."""
    del chromium
    async with two_people(site, tmp_path, "2026-07-28") as (one, two):
        ann, bob = await session_of(one), await session_of(two)
        for own in (ann, bob):
            await own.do("browser_navigate", url=f"{site.url}/big", snapshot="none")
        shot = await ann.do("browser_take_screenshot")
        long = await ann.do("browser_snapshot", maxChars=2000)
        cursor = long.data["nextCursor"]
        assert await bob.code("browser_snapshot", maxChars=2000, cursor=cursor) == "invalid_argument"
        assert (await ann.do("browser_snapshot", maxChars=2000, cursor=cursor)).text != long.text
        ident = shot.link.uri.rpartition("/")[2]
        own, invented = (f"browser://{bob.session}/artifacts/{one_id}" for one_id in (ident, "A" * 16))
        assert await missing(two, own) == await missing(two, invented)
        await ann.do("browser_route", pattern="**/api", body="for ann")
        listed_routes = await bob.do("browser_route_list")
        assert listed_routes.data["result"]["routes"] == []


async def test_a_session_that_is_closed_under_its_calls_is_gone_for_good(
    chromium: str, site: Site, tmp_path: Path
) -> None:
    """A race at its end: calls that use it fail in clear words, and its handle stays dead."""
    del chromium
    async with two_people(site, tmp_path, "2026-07-28") as (one, two):
        ann, bob = await session_of(one), await session_of(two)
        await ann.do("browser_navigate", url=f"{site.url}/form", snapshot="none")
        calls = [
            ann.call("browser_evaluate", function="() => new Promise(() => 0)"),
            ann.call("browser_navigate", url=f"{site.url}/slow", snapshot="none"),
            ann.call("browser_take_screenshot"),
            ann.call("browser_tabs", action="new"),
        ]
        async with asyncio.TaskGroup() as group, asyncio.timeout(15):
            tasks = [group.create_task(call) for call in calls]
            await bob.do("browser_navigate", url=f"{site.url}/article", snapshot="none")
            await ann.do("browser_session", action="close")
        codes = {task.result().error_code for task in tasks}
        assert codes <= {None, "crashed", "session_expired"}, [task.result().text for task in tasks]
        assert await ann.code("browser_tabs", action="new") == "session_expired"
        assert {session["session"] for session in await listed(one)} == set()
        assert await bob.run("() => document.title") == "Article"


async def two_texts(client: Client, tool: str, handle: str) -> str:
    arguments: dict[str, dict[str, Any]] = {
        "browser_tabs": {"action": "list"},
        "browser_evaluate": {"function": "() => document.cookie"},
    }
    reply = Reply(await client.call_tool(tool, {"session": handle, **arguments.get(tool, {})}))
    assert reply.is_error
    return reply.text


async def listed(client: Client) -> list[dict[str, Any]]:
    return Reply(await client.call_tool("browser_session", {"action": "list"})).data["result"]["sessions"]


@each_revision
async def test_a_subscription_of_another_person_hears_nothing(
    chromium: str, site: Site, tmp_path: Path, revision: str
) -> None:
    """Case 34, between people: what is another's is left out, as what never was."""
    del chromium
    async with two_people(site, tmp_path, revision) as (one, two), asyncio.timeout(30):
        ann, bob = await session_of(one), await session_of(two)
        for own in (ann, bob):
            await own.do("browser_navigate", url=f"{site.url}/blank", snapshot="none")
        foreign, invented, mine = (
            f"browser://{handle}/tabs/t1/console" for handle in (ann.session, "A" * 22, bob.session)
        )
        if revision == "2025-11-25":
            refused: list[tuple[int, str]] = []
            for uri in (foreign, invented):
                with pytest.raises(RemoteError) as caught:
                    await two.request("resources/subscribe", {"uri": uri})
                refused.append((caught.value.code, caught.value.message))
            assert refused[0] == refused[1]
            wanted = [mine]
        else:
            wanted = [foreign, invented, mine]
        async with two.listen(uris=wanted) as changes:
            await ann.run("() => console.log('for ann alone')")
            await bob.run("() => console.log('for bob')")
            assert (await anext(changes)).uri == mine
        assert changes.granted.resource_subscriptions in ([mine], None)


async def test_a_download_that_is_too_large_takes_no_other_with_it(chromium: str, site: Site) -> None:
    """All downloads of a browser lie in one directory: which one grows too large must not be guessed there."""
    del chromium
    async with (
        over_http("--allowed-origins", site.url, "--download-max", "300KiB") as (url, _),
        Client(url) as client,
    ):
        large, *small = [await session_of(client) for _ in range(4)]
        async with asyncio.TaskGroup() as group:
            cut = group.create_task(large.code("browser_navigate", url=f"{site.url}/large.bin"))
            kept = [
                group.create_task(own.do("browser_navigate", url=f"{site.url}/trickle.bin?{number}"))
                for number, own in enumerate(small)
            ]
    assert cut.result() == "too_large"
    assert {one.result().link.size for one in kept} == {200_000}

"""What a token's scopes let its caller see and do, in both eras."""

import asyncio
from typing import Any

import pytest

from mcp_protocol import Principal, Server
from mcp_protocol.auth import Challenge, Scopes
from mcp_protocol.server.expiry import until
from tests.oauth import House, last

LEGACY = "2025-11-25"
REFUSED = (
    'Bearer error="insufficient_scope", scope="test:{}", '
    'resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"'
)
ALL = ["look", "write", "reset"]
LEVELS: dict[str, list[str]] = {
    "": [],
    "other:admin": [],
    "test:read": ALL[:1],
    "test:write": ALL[:2],
    "test:admin": ALL,
    "openid test:admin test:read": ALL,
}


@pytest.mark.parametrize(("scope", "names"), LEVELS.items())
async def test_tools_are_listed_as_far_as_the_scopes_reach(house: House, scope: str, names: list[str]) -> None:
    token = house.issuer.token(scope=scope)
    for _ in range(2):  # the second time from the page that is kept
        found = (await house.ask(token, "tools/list")).json()["result"]
        assert [tool["name"] for tool in found["tools"]] == names
        assert found["cacheScope"] == "private"
    session = await house.open(token)
    found = last(await session.ask(token, "tools/list"))["result"]
    assert [tool["name"] for tool in found["tools"]] == names


@pytest.mark.parametrize(("tool", "level"), [("look", "read"), ("write", "write"), ("reset", "admin")])
async def test_a_call_beyond_the_scopes_names_the_one_it_needs_and_no_stream_begins(
    house: House, tool: str, level: str
) -> None:
    """O4."""
    below = {"read": "", "write": "test:read", "admin": "test:write"}[level]
    token = house.issuer.token(scope=below)
    session = await house.open(token)
    params = {"name": tool, "_meta": {"progressToken": 1}}
    for answer in (await house.call(token, tool), await session.ask(token, "tools/call", params)):
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["www-authenticate"] == REFUSED.format(level)
        assert answer.json()["error"]["code"] == -32600
    enough = house.issuer.token(scope=f"test:{level}")
    assert (await house.call(enough, tool)).status_code == 200


async def test_a_session_has_the_scopes_of_each_requests_token(house: House) -> None:
    reading, writing = house.issuer.token(), house.issuer.token(scope="test:write")
    session = await house.open(writing)
    call = {"name": "write", "arguments": {"word": "x"}}
    assert (await session.ask(reading, "tools/call", call)).status_code == 403
    assert last(await session.ask(writing, "tools/call", call))["result"]["content"][0]["text"] == "x"
    assert [tool["name"] for tool in last(await session.ask(reading, "tools/list"))["result"]["tools"]] == ["look"]


async def test_a_member_of_a_batch_is_refused_alone(house: House) -> None:
    token = house.issuer.token()
    session = await house.open(token, "2025-03-26")
    batch = [
        {"jsonrpc": "2.0", "id": name, "method": "tools/call", "params": {"name": name}} for name in ("look", "reset")
    ]
    answers = {one["id"]: one for one in (await house.post(batch, token, mcp_session_id=session.id)).json()}
    assert "result" in answers["look"]
    assert answers["reset"]["error"]["code"] == -32600


READS = {
    "resources/read": {"uri": "test:///note"},
    "prompts/get": {"name": "hello"},
    "completion/complete": {
        "ref": {"type": "ref/resource", "uri": "test:///notes/{name}"},
        "argument": {"name": "name", "value": "x"},
    },
}


@pytest.mark.parametrize("method", READS)
async def test_resources_and_prompts_need_the_scope_to_read(house: House, method: str) -> None:
    reading, nothing = house.issuer.token(), house.issuer.token(scope=None)
    assert (await house.ask(reading, method, READS[method])).status_code == 200
    refused = await house.ask(nothing, method, READS[method])
    assert (refused.status_code, refused.headers["www-authenticate"]) == (403, REFUSED.format("read"))


async def test_lists_are_empty_without_the_scope_to_read(house: House) -> None:
    lists = {"resources": "resources/list", "resourceTemplates": "resources/templates/list", "prompts": "prompts/list"}
    for member, method in lists.items():
        for scope, count in (("test:admin", 1), (None, 0)):
            found = (await house.ask(house.issuer.token(scope=scope), method)).json()["result"]
            assert len(found[member]) == count
            assert found["cacheScope"] == "private"


async def test_a_subscription_needs_the_scope_to_read(house: House) -> None:
    nothing = house.issuer.token(scope=None)
    session = await house.open(nothing)
    assert (await session.ask(nothing, "resources/subscribe", {"uri": "test:///note"})).status_code == 403


async def test_what_does_not_exist_needs_no_scope(house: House) -> None:
    token = house.issuer.token(scope=None)
    session = await house.open(token)
    names: list[Any] = ["nothing", 1, None, {}, []]
    for name in names:
        answer = await session.ask(token, "tools/call", {"name": name})
        assert (answer.status_code, answer.json()["error"]["code"]) == (200, -32602)


def test_an_operator_can_name_other_scopes_for_a_tool(server: Server[None, None]) -> None:
    scopes = Scopes("test", Challenge(), tools={"write": frozenset({"notes.edit", "test:read"})})
    look, write = (next(tool for tool in server.tools if tool.name == name) for name in ("look", "write"))
    editor = Principal("issuer", "ada", frozenset({"notes.edit"}))
    reader = Principal("issuer", "bob", frozenset({"test:admin", "unknown"}))
    assert scopes.refusal(scopes.needed(write), editor).challenge.endswith('scope="test:read"')
    assert scopes.refusal(scopes.needed(write), reader).challenge.endswith('scope="notes.edit"')
    assert scopes.permits(scopes.needed(look), reader)
    assert scopes.view(reader) == {"test:read", "test:write", "test:admin"}
    assert scopes.view(editor) == {"notes.edit"}


@pytest.mark.parametrize("name", ['a"b', "a b", "a\\b", "a\r\nb", "é", ""])
def test_what_cannot_stand_in_a_challenge_is_no_scope(name: str) -> None:
    if name:
        with pytest.raises(ValueError, match="cannot be a scope"):
            Scopes(name, Challenge())
    with pytest.raises(ValueError, match="cannot be a scope"):
        Scopes("test", Challenge(), tools={"look": frozenset({name})})


async def test_the_end_of_a_token_hides_no_other_timeout() -> None:
    async with until(0, 1):
        await asyncio.Event().wait()
    with pytest.raises(TimeoutError, match="mine"):
        async with until(None, 1):
            raise TimeoutError("mine")

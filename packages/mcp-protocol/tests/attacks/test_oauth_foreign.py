"""O4 and O5 of the threat model, against the fixture server over HTTP: what belongs to another caller is not there."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcp_protocol.limits import Limits
from mcp_ref_everything import server
from mcp_ref_everything.settings import Settings
from tests.oauth import House, Issuer, bearer, issuing, last, trusting

TASKS = "io.modelcontextprotocol/tasks"
ABLE: Any = {"extensions": {TASKS: {}}, "elicitation": {}}
READ = "everything:read"
ASK = "test_input_required_result_elicitation"


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing() as found:
        yield found


@pytest.fixture
async def house(issuer: Issuer) -> AsyncIterator[House]:
    async with trusting(issuer, server, Settings(), limits=Limits(page=5)) as found:
        yield found


async def test_cve_2026_52869_foreign_session(house: House) -> None:
    """CVE-2026-52869: a session was found by its id alone, whoever asked."""
    ada, bob = house.issuer.token(scope=READ), house.issuer.token(scope=READ, sub="bob")
    session = await house.open(ada)
    foreign = await session.ask(bob, "tools/list")
    session.id, real = "x" * len(session.id), session.id
    unknown = await session.ask(bob, "tools/list")
    assert (foreign.status_code, foreign.text) == (unknown.status_code, unknown.text) == (404, unknown.text)
    for method in ("GET", "DELETE"):
        headers = {"accept": "text/event-stream", "mcp-session-id": real, **bearer(bob)}
        assert (await house.http.request(method, "/mcp", headers=headers)).status_code == 404
    session.id = real
    assert (await session.ask(ada, "tools/list")).status_code == 200
    # Without a token nobody is told even that.
    assert (await house.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}, mcp_session_id=real)).status_code == 401


async def test_cve_2026_52870_foreign_ids(house: House) -> None:
    """CVE-2026-52870, typescript-sdk #1486; O5: cursors, requestState and tasks of another caller are none."""
    ada, bob = house.issuer.token(scope=READ), house.issuer.token(scope=READ, sub="bob")
    cursor = (await house.ask(ada, "tools/list")).json()["result"]["nextCursor"]
    await same_as_invented(house, ada, bob, "tools/list", "cursor", cursor)

    asked = (await house.ask(ada, "tools/call", {"name": ASK}, capabilities=ABLE)).json()["result"]
    assert asked["resultType"] == "input_required"
    answers = {"user_name": {"action": "accept", "content": {"name": "Ada"}}}
    retry = {"name": ASK, "inputResponses": answers}
    await same_as_invented(house, ada, bob, "tools/call", "requestState", asked["requestState"], **retry)

    handle = await started(house, ada, 3600)
    methods: Any = {"tasks/get": {}, "tasks/update": {"inputResponses": {}}, "tasks/cancel": {}}
    for method, rest in methods.items():
        await same_as_invented(house, ada, bob, method, "taskId", handle, **rest)


async def same_as_invented(
    house: House, owner: str, thief: str, method: str, member: str, value: str, **rest: Any
) -> None:
    """What belongs to another looks like what never was; its owner can use it, before and after."""
    stolen = await house.ask(thief, method, {member: value, **rest}, capabilities=ABLE)
    invented = await house.ask(thief, method, {member: "A" + value[1:-1] + "A", **rest}, capabilities=ABLE)
    assert (stolen.status_code, stolen.json()["error"]) == (400, invented.json()["error"])
    assert stolen.json()["error"]["code"] == -32602
    assert (await house.ask(owner, method, {member: value, **rest}, capabilities=ABLE)).status_code == 200


async def started(house: House, token: str, seconds: float) -> str:
    params = {"name": "slow_compute", "arguments": {"seconds": seconds}}
    result = (await house.ask(token, "tools/call", params, capabilities=ABLE)).json()["result"]
    assert result["resultType"] == "task"
    return result["taskId"]


async def test_cve_2026_52870_foreign_cursor_in_a_session(house: House) -> None:
    """O5, legacy: a cursor belongs to its caller, whichever session brings it."""
    ada, bob = house.issuer.token(scope=READ), house.issuer.token(scope=READ, sub="bob")
    mine, theirs = await house.open(ada), await house.open(bob)
    cursor = {"cursor": (await mine.ask(ada, "tools/list")).json()["result"]["nextCursor"]}
    assert (await theirs.ask(bob, "tools/list", cursor)).json()["error"]["code"] == -32602
    assert "result" in (await mine.ask(ada, "tools/list", cursor)).json()
    # A cursor is good in both eras, for its caller.
    assert (await house.ask(ada, "tools/list", cursor)).status_code == 200
    assert (await house.ask(bob, "tools/list", cursor)).status_code == 400


async def test_the_same_subject_of_another_issuer_is_another_caller(issuer: Issuer) -> None:
    """O5: a session is bound to issuer and subject together, and their texts cannot be shifted into one another."""
    async with issuing() as second, trusting(issuer, server, Settings()) as house:
        session = await house.open(issuer.token(scope=READ))
        assert (await session.ask(second.token(scope=READ), "tools/list")).status_code == 401


async def test_a_listener_hears_of_its_own_tasks_alone(house: House) -> None:
    """O5: foreign tasks are left out of what a listen is granted, like tasks that never were."""
    ada, bob = house.issuer.token(scope=READ), house.issuer.token(scope=READ, sub="bob")
    task = await started(house, ada, 3600)
    for token, granted in ((ada, [task]), (bob, [])):
        filters = {"notifications": {"taskIds": [task, "x" * len(task)]}}
        message, headers = house.modern("subscriptions/listen", filters, capabilities=ABLE)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"accept": "application/json, text/event-stream", **bearer(token)}
        async with house.http.stream("POST", "/mcp", json=message, headers=sent) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    acknowledged = json.loads(line.removeprefix("data: "))
                    assert acknowledged["params"]["notifications"]["taskIds"] == granted
                    break


async def test_a_narrower_token_does_not_answer_for_a_broader_one(house: House) -> None:
    """O4, O5: the task of a writing tool asks for an agreement; a token that may only read cannot give it."""
    reading, writing = house.issuer.token(scope=READ), house.issuer.token(scope="everything:write")
    params = {"name": "confirm_delete", "arguments": {"filename": "x"}}
    task = (await house.ask(writing, "tools/call", params, capabilities=ABLE)).json()["result"]["taskId"]
    update = {"taskId": task, "inputResponses": {"confirm": {"action": "accept", "content": {"confirm": True}}}}
    refused = await house.ask(reading, "tasks/update", update, capabilities=ABLE)
    assert refused.status_code == 403
    assert 'scope="everything:write"' in refused.headers["www-authenticate"]
    assert (await house.ask(writing, "tasks/update", update, capabilities=ABLE)).status_code == 200


async def test_what_is_open_ends_with_its_token(house: House) -> None:
    """A listen and a standalone stream are not kept beyond the token that opened them."""
    token = house.issuer.token(scope=READ, exp=time.time() - 58)  # valid for two more seconds of skew
    session = await house.open(token)
    message, headers = house.modern("subscriptions/listen", {"notifications": {}})
    stream = {"accept": "text/event-stream", "mcp-session-id": session.id, **bearer(token)}
    async with asyncio.timeout(5):
        listened, got = await asyncio.gather(
            house.post(message, token, **headers), house.http.get("/mcp", headers=stream)
        )
    assert last(listened)["result"]["resultType"] == "complete"
    assert got.status_code == 200
    assert (await house.ask(token, "tools/list")).status_code == 401


async def test_a_refusal_waits_for_no_one_and_begins_no_stream(issuer: Issuer) -> None:
    """O4: every turn is taken and silence is broken after a moment, yet the status is still there to be set."""
    reading, writing = issuer.token(scope=READ), issuer.token(scope="everything:write")
    limits = Limits(running=1, keepalive_seconds=0.05)
    async with trusting(issuer, server, Settings(), limits=limits) as house, asyncio.TaskGroup() as group:
        long = group.create_task(house.call(writing, "slow_compute", seconds=3600))
        async with asyncio.timeout(5):
            while not house.app.services.gate._free.locked():  # noqa: ASYNC110  # pyright: ignore[reportPrivateUsage]  nothing else tells
                await asyncio.sleep(0)
            for method in ("tools/call", "resources/read"):
                params = {"name": "confirm_delete"} if method == "tools/call" else {"uri": "test://static-text"}
                answer = await house.ask(issuer.token(scope=None), method, params)
                assert (answer.status_code, answer.headers["content-type"]) == (403, "application/json")
            assert (await house.ask(reading, "tools/call", {"name": "confirm_delete"})).status_code == 403
        long.cancel()

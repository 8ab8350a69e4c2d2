from pathlib import Path
from typing import Any

import ledger
import pytest

from mcp_protocol.testing import RpcError, connect, raw_peer
from mcp_ref_kit.db.calls.confirm import Affected, Deed

BOTH = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
DELETE = "DELETE FROM t"


def settings_of(tmp_path: Path, **more: Any) -> ledger.Settings:
    return ledger.Settings(databases=[ledger.filled(str(tmp_path / "a.db"))], mode="read-write", **more)


def answering(action: str, content: Any = None) -> Any:
    answer: dict[str, Any] = {"action": action} if content is None else {"action": action, "content": content}

    def give(_: dict[str, Any]) -> dict[str, Any]:
        return answer

    return {"elicitation/create": give}


def test_the_question_names_object_database_and_count() -> None:
    deed = Deed(
        action="Drop the table", target="a`\nb", database="main", statement="x", affected=Affected(3, exact=False)
    )
    assert deed.question == "Drop the table `a` b` (at least 3 rows) in the database `main`?"


def test_another_statement_or_database_is_another_question() -> None:
    keys = {
        Deed(action="a", target="t", database=database, statement=statement).key
        for database in ("main", "other")
        for statement in ("DROP TABLE a", "DROP TABLE b")
    }
    assert len(keys) == 4


@BOTH
async def test_a_user_who_agrees(tmp_path: Path, revision: str) -> None:
    settings = settings_of(tmp_path)
    server = ledger.made(settings)
    async with connect(server, settings, revision=revision, answers=answering("accept", {"agree": True})) as client:
        assert (await client.call("execute", sql=DELETE)).data == {"changes": 10}


@BOTH
@pytest.mark.parametrize(
    "answers",
    [
        answering("decline"),
        answering("cancel"),
        answering("accept", {"agree": False}),
        answering("decline", {"agree": True}),
    ],
)
async def test_every_answer_but_yes_is_a_no(tmp_path: Path, revision: str, answers: Any) -> None:
    """DB12"""
    settings = settings_of(tmp_path)
    async with connect(ledger.made(settings), settings, revision=revision, answers=answers) as client:
        refused = await client.call("execute", sql=DELETE, confirm="t")
        assert refused.error_code == "confirm_required"
    assert ledger.count(str(tmp_path / "a.db")) == 10


@BOTH
@pytest.mark.parametrize("given", [{}, {"confirm": ""}, {"confirm": "T"}, {"confirm": "t "}, {"confirm": "yes"}])
async def test_a_client_that_cannot_ask_has_to_spell_it_out(tmp_path: Path, revision: str, given: Any) -> None:
    """DB12"""
    settings = settings_of(tmp_path)
    async with connect(ledger.made(settings), settings, revision=revision) as client:
        refused = await client.call("execute", sql=DELETE, **given)
        assert refused.error_code == "confirm_required"
        assert "`confirm` set to 't'" in refused.text
        assert ledger.count(str(tmp_path / "a.db")) == 10
        assert (await client.call("execute", sql=DELETE, confirm="t")).data == {"changes": 10}


async def test_the_operator_may_do_without(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, no_confirm=True)
    async with connect(ledger.made(settings), settings) as client:
        assert (await client.call("execute", sql=DELETE)).data == {"changes": 10}


@pytest.mark.parametrize("content", [{}, {"agree": "yes"}, {"agree": 1}, {"other": True}, None, []])
async def test_a_malformed_answer_is_no_agreement(tmp_path: Path, content: Any) -> None:
    """DB12"""
    settings = settings_of(tmp_path)
    async with connect(
        ledger.made(settings), settings, revision="2025-11-25", answers=answering("accept", content)
    ) as client:
        assert (await client.call("execute", sql=DELETE)).is_error
    assert ledger.count(str(tmp_path / "a.db")) == 10


async def test_an_answer_to_a_question_that_was_never_asked_executes_nothing(tmp_path: Path) -> None:
    """DB12"""
    settings = settings_of(tmp_path)
    key = Deed(action="Change", target="t", database="main", statement=DELETE).key
    async with raw_peer(ledger.made(settings), settings, capabilities={"elicitation": {}}) as peer:
        answer = {"action": "accept", "content": {"agree": True}}
        params = {"name": "execute", "arguments": {"sql": DELETE}, "inputResponses": {key: answer}}
        reply = await peer.call("tools/call", params)
        assert reply.get("result", {}).get("resultType") != "complete" or reply["result"]["isError"]
    assert ledger.count(str(tmp_path / "a.db")) == 10


async def test_an_agreement_is_good_for_one_statement_and_once(tmp_path: Path) -> None:
    """DB12"""
    settings = settings_of(tmp_path)
    async with raw_peer(ledger.made(settings), settings, capabilities={"elicitation": {}}) as peer:
        arguments = {"sql": "DELETE FROM t WHERE a = 1"}
        asked = (await peer.call("tools/call", {"name": "execute", "arguments": arguments}))["result"]
        [key] = asked["inputRequests"]
        responses = {key: {"action": "accept", "content": {"agree": True}}}
        sealed = {"inputResponses": responses, "requestState": asked["requestState"]}
        other = await peer.call("tools/call", {"name": "execute", "arguments": {"sql": DELETE}, **sealed})
        assert "error" in other
        done = await peer.call("tools/call", {"name": "execute", "arguments": arguments, **sealed})
        assert done["result"]["structuredContent"] == {"changes": 1}
        again = await peer.call("tools/call", {"name": "execute", "arguments": arguments, **sealed})
        assert "error" in again
    assert ledger.count(str(tmp_path / "a.db")) == 9


async def test_in_read_only_mode_there_is_nothing_to_confirm(tmp_path: Path) -> None:
    """DB2"""
    settings = ledger.Settings(databases=[ledger.filled(str(tmp_path / "a.db"))])
    server = ledger.made(settings).only(lambda tool: bool(tool.annotations.read_only_hint))
    async with connect(server, settings) as client:
        with pytest.raises(RpcError) as caught:
            await client.call("execute", sql=DELETE)
        assert caught.value.code == -32602

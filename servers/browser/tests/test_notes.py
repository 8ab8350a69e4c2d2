from typing import Any

import pytest

from mcp_protocol.testing import RpcError, connect
from mcp_ref_browser.server import server
from mcp_ref_browser.settings import Settings

each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


@each_revision
async def test_a_note_is_kept_and_listed(revision: str) -> None:
    async with connect(server, Settings(), revision=revision) as client:
        first = await client.call("add_note", title="shopping", text="bread")
        again = await client.call("add_note", title="shopping", text="bread and butter")
        listed = await client.call("list_notes")
    assert first.data == {"title": "shopping", "replaced": False}
    assert again.data == {"title": "shopping", "replaced": True}
    assert listed.data == {"titles": ["shopping"]}


@each_revision
async def test_one_note_too_many_is_refused_with_a_hint(revision: str) -> None:
    async with connect(server, Settings(limit=1), revision=revision) as client:
        await client.call("add_note", title="first", text="one")
        second = await client.call("add_note", title="second", text="two")
    assert second.is_error
    assert second.error_code == "full"
    assert "delete_note" in second.text


@each_revision
@pytest.mark.parametrize(("action", "left"), [("accept", []), ("decline", ["shopping"]), ("cancel", ["shopping"])])
async def test_a_note_is_deleted_only_when_the_user_agrees(revision: str, action: str, left: list[str]) -> None:
    questions: list[str] = []

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        questions.append(params["message"])
        return {"action": action, "content": {"delete": True}} if action == "accept" else {"action": action}

    async with connect(server, Settings(), revision=revision, answers={"elicitation/create": answer}) as client:
        await client.call("add_note", title="shopping", text="bread")
        await client.call("delete_note", title="shopping")
        listed = await client.call("list_notes")
    assert questions == ["Delete the note shopping (5 characters)?"]
    assert listed.data == {"titles": left}


@each_revision
async def test_deleting_what_is_not_there_asks_nobody(revision: str) -> None:
    async with connect(server, Settings(), revision=revision) as client:
        result = await client.call("delete_note", title="shopping")
    assert result.error_code == "not_found"


@each_revision
async def test_a_note_is_a_resource_that_is_listed(revision: str) -> None:
    async with connect(server, Settings(), revision=revision) as client:
        await client.call("add_note", title="to do today", text="bread")
        [listed] = await client.list("resources")
        [content] = await client.read(listed["uri"])
        with pytest.raises(RpcError):
            await client.read("note:///other")
    assert content["text"] == "bread"


@each_revision
async def test_titles_are_completed(revision: str) -> None:
    async with connect(server, Settings(), revision=revision) as client:
        for title in ("alpha", "also", "beta"):
            await client.call("add_note", title=title, text="x")
        for reference in (
            {"type": "ref/prompt", "name": "summarize"},
            {"type": "ref/resource", "uri": "note:///{title}"},
        ):
            assert await client.complete(reference, "title", "al") == ["alpha", "also"]


@each_revision
async def test_the_prompt_names_the_resource(revision: str) -> None:
    async with connect(server, Settings(), revision=revision) as client:
        [message] = await client.prompt("summarize", title="shopping")
    assert "note:///shopping" in message["content"]["text"]

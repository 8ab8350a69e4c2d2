import pytest

from mcp_protocol.testing import connect
from mcp_ref_template.server import server
from mcp_ref_template.settings import Settings

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

"""Popping: what is taken is gone from the engine, so no byte of it may be missing from the answer."""

from typing import Any

import pytest

Clients = Any
WRITING: dict[str, Any] = {"mode": "read-write"}
ENDS = [("list", "pop_left"), ("list", "pop_right"), ("zset", "pop_min"), ("zset", "pop_max")]


def add(raw: Any, kind: str, members: list[str]) -> None:
    if kind == "list":
        raw.rpush("k", *members)
    else:
        raw.zadd("k", {member: at for at, member in enumerate(members)})


def names(result: list[Any] | None) -> list[str]:
    return [one["member"] if isinstance(one, dict) else one for one in result or []]


@pytest.mark.parametrize(
    ("kind", "op", "revision"), [*[(*end, "2026-07-28") for end in ENDS], (*ENDS[0], "2025-11-25")]
)
async def test_what_has_no_room_stays(client_of: Clients, raw: Any, kind: str, op: str, revision: str) -> None:
    """R16, DB6: 9 MB of items, of which a page holds some and a reply of the engine not all."""
    members = [f"{number:04}{'x' * 60_000}" for number in range(150)]
    add(raw, kind, members)
    found: list[str] = []
    pages = 0
    async with client_of(**WRITING, revision=revision, max_output_chars=1_000_000) as client:
        while True:
            page = (await client.call("update_key", key="k", type=kind, op=op, count=150)).data
            assert page["changed"] == len(page.get("result", ()))
            found += names(page.get("result"))
            pages += 1
            if page["length"] == 0:
                break
    assert found == (members if op in {"pop_left", "pop_min"} else members[::-1])
    assert pages > 5


@pytest.mark.parametrize(("kind", "op"), ENDS)
@pytest.mark.parametrize("size", [300_000, 9_000_000])
async def test_an_item_that_no_result_can_hold_is_not_taken(
    client_of: Clients, raw: Any, kind: str, op: str, size: int
) -> None:
    """Over the size of a result; over that of a reply."""
    add(raw, kind, ["x" * size])
    async with client_of(**WRITING) as client:
        result = await client.call("update_key", key="k", type=kind, op=op)
    assert result.error_code == "too_large"
    assert raw.exists("k")


@pytest.mark.parametrize("protocol", [2, 3])
async def test_members_come_with_their_scores(client_of: Clients, raw: Any, url: str, protocol: int) -> None:
    raw.zadd("k", {"a": 1, b"\xff": 2.5, "c": "inf"})
    async with client_of(f"{url}?protocol={protocol}", **WRITING) as client:
        low = (await client.call("update_key", key="k", type="zset", op="pop_min", count=2)).data
        high = (await client.call("update_key", key="k", type="zset", op="pop_max")).data
        none = (await client.call("update_key", key="k", type="zset", op="pop_max")).data
    assert low["result"] == [{"member": "a", "score": 1}, {"member": {"base64": "/w==", "size": 1}, "score": 2.5}]
    assert high["result"] == [{"member": "c", "score": "Infinity"}]
    assert (none["changed"], none["length"]) == (0, 0)
    assert "result" not in none

"""Reading keys: every type, in windows, many at once."""

from typing import Any

import pytest

from mcp_protocol.session.calls import Principal
from mcp_protocol.testing import Connection
from mcp_ref_kit import Secret
from mcp_ref_redis.keyspace import windows

Clients = Any
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])

BINARY_KEY = {"$base64": "YmluOv8="}


async def pages(client: Connection, tool: str, field: str, **arguments: Any) -> list[Any]:
    """All pages of a tool."""
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        result = await client.call(tool, **arguments, **cursor)
        assert not result.is_error, result.text
        found.append(result.data[field])
        if "next_cursor" not in result.data:
            return found
        cursor = {"cursor": result.data["next_cursor"]}


@each_era
@pytest.mark.parametrize(
    ("key", "kind", "length", "field", "shown"),
    [
        ("emoji", "string", 12, "value", "grüße 🎉"),
        (BINARY_KEY, "string", 3, "value", {"base64": "//4A", "size": 3}),
        ("list", "list", 5, "items", [f"item {number}" for number in range(5)]),
        ("zset", "zset", 2, "members", [{"member": "low", "score": 1}, {"member": "high", "score": 2.5}]),
        ("stream", "stream", 3, "entries", [{"id": f"{n + 1}-0", "fields": {"n": str(n)}} for n in range(3)]),
    ],
)
@pytest.mark.usefixtures("filled")
async def test_a_key_of_any_type_is_read(  # noqa: PLR0913, PLR0917  one parameter for each fact
    client_of: Clients, revision: str, key: Any, kind: str, length: int, field: str, shown: Any
) -> None:
    """R5, R6, DB11."""
    async with client_of(revision=revision) as client:
        result = await client.call("read_key", key=key)
    assert (result.data["found"], result.data["type"], result.data["length"]) == (True, kind, length)
    assert (result.data["truncated"], result.data["untrusted"]) == (False, True)
    assert result.data[field] == shown


@pytest.mark.usefixtures("filled")
async def test_sets_and_hashes_come_in_the_engines_order(client_of: Clients) -> None:
    """R5."""
    async with client_of() as client:
        members = (await client.call("read_key", key="set")).data["members"]
        entries = (await client.call("read_key", key="hash")).data["entries"]
        fields = (await client.call("read_key", key="hash", fields=["b", "zz"])).data["entries"]
    assert sorted(members) == ["x", "y", "z"]
    assert {"field": "a", "value": "1"} in entries
    assert {"field": {"base64": "/w==", "size": 1}, "value": {"base64": "/g==", "size": 1}} in entries
    assert fields == [{"field": "b", "value": "two"}, {"field": "zz", "value": None}]


async def test_a_missing_key_is_no_error(client_of: Clients) -> None:
    """R5."""
    async with client_of() as client:
        read = await client.call("read_key", key="nothing")
        info = await client.call("key_info", key="nothing")
    assert (read.is_error, read.data["found"], info.data["found"]) == (False, False, False)


async def test_a_hundred_megabytes_are_read_by_their_first_window(client_of: Clients, raw: Any) -> None:
    """R6: the reply of GET alone would be refused; the window is bounded by the page."""
    raw.setrange("large", 100_000_000 - 1, b"x")
    async with client_of() as client:
        first = await client.call("read_key", key="large")
        later = await client.call("read_key", key="large", start=100_000_000 - 2, count=1)
    assert first.data["length"] == 100_000_000
    assert first.data["truncated"]
    assert len(first.text) < 262_144
    assert later.data["value"] == "\0x"


async def test_windows_of_a_string_join_without_gap_and_never_cut_a_letter(client_of: Clients, raw: Any) -> None:
    """DB6: pages within the budget, their parts make the whole."""
    text = "aä€🎉" * 30_000
    raw.set("text", text)
    async with client_of(max_output_chars=8192) as client:
        found = await pages(client, "read_key", "value", key="text", count=1000)
    assert "".join(found) == text
    assert all(len(part.encode()) <= 8192 for part in found)


async def test_control_characters_count_as_what_they_become(client_of: Clients, raw: Any) -> None:
    raw.set("zeros", b"\0" * 50_000)
    async with client_of(max_output_chars=8192) as client:
        found = await pages(client, "read_key", "value", key="zeros")
    assert "".join(found) == "\0" * 50_000
    assert max(map(len, found)) <= 8192 // 6


@pytest.mark.parametrize(("key", "field"), [("many", "entries"), ("crowd", "members"), ("rank", "members")])
async def test_collections_are_paged_without_gap_or_repeat(client_of: Clients, raw: Any, key: str, field: str) -> None:
    """DB6."""
    raw.hset("many", mapping={f"f{n}": n for n in range(3000)})
    raw.sadd("crowd", *range(3000))
    raw.zadd("rank", {f"m{n}": n for n in range(3000)})
    async with client_of() as client:
        found = await pages(client, "read_key", field, key=key, count=700)
    items = [str(item) for page in found for item in page]
    assert len(items) == len(set(items)) == 3000
    assert all(len(page) <= 700 for page in found)


async def test_a_page_is_cut_by_bytes_before_its_count(client_of: Clients, raw: Any) -> None:
    """DB6."""
    raw.rpush("long", *["y" * 1000 for _ in range(100)])
    async with client_of(max_output_chars=8192) as client:
        first = await client.call("read_key", key="long")
        found = await pages(client, "read_key", "items", key="long")
    assert first.data["truncation"] == {"reason": "bytes", "shown": 6, "total": 100}
    assert sum(map(len, found)) == 100


async def test_long_members_are_cut_and_counted(client_of: Clients, raw: Any) -> None:
    raw.rpush("long", "z" * 5000, b"\xff" * 5000)
    async with client_of() as client:
        result = await client.call("read_key", key="long")
    text, data = result.data["items"]
    assert text.endswith("… [4096 of 5000 characters]")
    assert (data["size"], data["cut"]) == (5000, True)
    assert result.data["truncated_cells"] == 2


async def test_members_are_chosen_by_a_glob(client_of: Clients, raw: Any) -> None:
    raw.hset("many", mapping={f"f{n}": n for n in range(2000)})
    async with client_of() as client:
        found = await pages(client, "read_key", "entries", key="many", match="f199?", count=4)
    assert sorted(entry["field"] for page in found for entry in page) == [f"f199{n}" for n in range(10)]


async def test_a_string_in_the_form_that_is_asked_for(client_of: Clients, raw: Any) -> None:
    """R7: what looks like JSON or an error is data."""
    raw.set("json", '{"a": [1, 2]}')
    raw.set("error", "-ERR not really\r\n")
    async with client_of() as client:
        plain = await client.call("read_key", key="json")
        parsed = await client.call("read_key", key="json", encoding="json")
        packed = await client.call("read_key", key="json", encoding="base64")
        looks = await client.call("read_key", key="error")
    assert plain.data["value"] == '{"a": [1, 2]}'
    assert parsed.data["value"] == {"a": [1, 2]}
    assert packed.data["value"] == {"base64": "eyJhIjogWzEsIDJdfQ==", "size": 13}
    assert looks.data["value"] == "-ERR not really\r\n"


@pytest.mark.usefixtures("filled")
async def test_many_keys_take_two_trips(client_of: Clients, sent: Any) -> None:
    keys = ["emoji", "list", "set", "zset", "hash", "stream", "nothing", BINARY_KEY]
    async with client_of() as client:
        result = await client.call("read_keys", keys=keys)
    items = {str(item["key"]): item for item in result.data["items"]}
    assert items["emoji"]["value"] == "grüße 🎉"
    assert items["list"] == {
        "key": "list",
        "type": "list",
        "length": 5,
        "value": [f"item {n}" for n in range(5)],
    }
    assert items["nothing"] == {"key": "nothing", "type": "none"}
    assert items["zset"]["value"][1] == {"member": "high", "score": 2.5}
    assert "get" not in sent()


async def test_a_long_string_among_many_is_cut(client_of: Clients, raw: Any) -> None:
    raw.set("a", "x" * 10_000)
    raw.set("b", b"\xff" * 10_000)
    async with client_of() as client:
        text, data = (await client.call("read_keys", keys=["a", "b"], max_value_bytes=100)).data["items"]
    assert (text["value"], text["length"], text["cut"]) == ("x" * 100, 10_000, True)
    assert (data["value"]["size"], data["length"], data["cut"]) == (10_000, 10_000, True)


async def test_more_than_fits_a_page_is_said_key_by_key(client_of: Clients, raw: Any) -> None:
    for number in range(100):
        raw.set(f"k{number}", "x" * 500)
    async with client_of(max_output_chars=8192) as client:
        result = await client.call("read_keys", keys=[f"k{number}" for number in range(100)])
    assert result.data["truncation"]["reason"] == "bytes"
    assert [item.get("error", {}).get("code") for item in result.data["items"]].count("too_large") > 50


async def test_a_member_larger_than_a_reply_may_be_is_the_error_of_its_key_alone(client_of: Clients, raw: Any) -> None:
    raw.hset("huge", "f", "x" * 200_000)
    for number in range(9):
        raw.set(f"k{number}", "v")
    async with client_of(max_reply_bytes=65_536) as client:
        result = await client.call("read_keys", keys=["k0", "huge", *(f"k{number}" for number in range(1, 9))])
    first, huge, *others = result.data["items"]
    assert huge["error"]["code"] == "too_large"
    assert [item["value"] for item in (first, *others)] == ["v"] * 9


async def test_what_is_known_of_a_key(client_of: Clients, raw: Any) -> None:
    raw.set("k", "value", px=60_000)
    async with client_of() as client:
        info = (await client.call("key_info", key="k")).data
    assert (info["type"], info["encoding"], info["length"]) == ("string", "embstr", 5)
    assert 0 < info["ttl_ms"] <= 60_000
    assert info["memory_bytes"] > 0
    assert info["idle_s"] == 0


async def test_a_key_that_is_replaced_between_two_trips_is_a_conflict(client_of: Clients, raw: Any) -> None:
    """Its type is asked for, then its window: another client is quicker than that sometimes."""
    raw.rpush("k", "x")
    original = windows.reader

    def replaced(kind: str) -> Any:
        raw.delete("k")
        raw.set("k", "now a string")
        return original(kind)

    patch = pytest.MonkeyPatch()
    patch.setattr("mcp_ref_redis.tools.read.reader", replaced)
    try:
        async with client_of() as client:
            result = await client.call("read_key", key="k")
    finally:
        patch.undo()
    assert result.error_code == "conflict"
    assert result.raw["_meta"]["mcp-ref/error"]["retryable"] is True


@pytest.mark.parametrize("value", [0, -1, 1.5, 10_001, "x"])
@pytest.mark.usefixtures("filled")
async def test_a_count_that_cannot_be_is_named(client_of: Clients, value: Any) -> None:
    """DB3."""
    async with client_of() as client:
        result = await client.call("read_key", key="list", count=value)
    assert result.error_code == "invalid_argument"
    assert "`count`" in result.text


async def test_an_argument_that_does_not_exist_is_corrected(client_of: Clients) -> None:
    """DB3."""
    async with client_of() as client:
        result = await client.call("scan_keys", limt=3)
    assert result.error_code == "invalid_argument"
    assert "`limit`" in result.text


async def test_vectors_are_read_as_numbers(client_of: Clients, raw: Any) -> None:
    """A whole one, however long; what is none of 32-bit floats is shown as it is."""
    values = [0.5, -1.25, *[number / 8 for number in range(1534)]]
    raw.set("odd", b"abcde")
    raw.set("nan", b"\x00\x00\xc0\x7f\xcd\xcc\xcc\x3d")
    async with client_of(mode="read-write") as client:
        await client.call(
            "update_key", key="doc", type="hash", op="set", fields={"v": {"$float32": values}, "t": "text!"}
        )
        await client.call("set_value", key="v", value={"$float32": values})
        string = (await client.call("read_key", key="v", encoding="float32")).data
        many = (await client.call("read_keys", keys=["odd", "nan"], encoding="float32")).data["items"]
        named = (await client.call("read_key", key="doc", fields=["v"], encoding="float32")).data["entries"]
        walked = (await client.call("read_key", key="doc", encoding="float32")).data["entries"]
        usual = (await client.call("read_key", key="doc", encoding="base64", fields=["t"])).data["entries"]
    assert string["value"] == named[0]["value"] == values
    assert {one["field"]: one["value"] for one in walked} == {"v": values, "t": "text!"}
    assert [one["value"] for one in many] == ["abcde", ["NaN", 0.100000001]]
    assert usual[0]["value"]["size"] == 5


@pytest.mark.usefixtures("filled")
async def test_an_encoding_is_that_of_members_and_fields_too(client_of: Clients) -> None:
    found: dict[str, Any] = {}
    async with client_of() as client:
        for key in ("list", "set", "zset", "hash", "stream"):
            page = (await client.call("read_key", key=key, encoding="base64", count=1)).data
            (found[key],) = page.get("items") or page.get("members") or page["entries"]
    assert found["list"] == {"base64": "aXRlbSAw", "size": 6}
    assert found["set"]["size"] == found["zset"]["member"]["size"] - 2 == 1
    assert found["hash"]["value"]["size"] in {1, 3}
    assert found["stream"]["fields"] == {"n": {"base64": "MA==", "size": 1}}


@pytest.mark.parametrize(
    ("key", "arguments", "named"),
    [
        *[(key, {"match": "*"}, "match") for key in ("emoji", "list", "stream")],
        *[(key, {"fields": ["a"]}, "fields") for key in ("emoji", "list", "set", "zset", "stream")],
        *[(key, {"path": "$.a"}, "path") for key in ("emoji", "list", "hash", "stream")],
        *[(key, {"start": 1}, "start") for key in ("hash", "set", "stream")],
        ("hash", {"fields": []}, "fields"),
        ("hash", {"fields": ["a"], "match": "*"}, "match"),
        ("zset", {"start": 1, "match": "*"}, "match"),
    ],
)
@pytest.mark.usefixtures("filled")
async def test_an_argument_that_a_type_has_no_use_for_is_named(
    client_of: Clients, key: str, arguments: dict[str, Any], named: str
) -> None:
    """DB3: a list is not shown whole to whoever asked for some of it; a string that is read again neither."""
    async with client_of() as client:
        assert not (await client.call("read_key", key=key)).is_error
        result = await client.call("read_key", key=key, **arguments)
        missing = await client.call("read_key", key="gone", start=1)
    assert (result.error_code, f"`{named}`" in result.text) == ("invalid_argument", True)
    assert missing.data["found"] is False


@pytest.mark.parametrize("start", [-1, 2**53 + 1, 2**63, 10**30, 1.5, "1"])
@pytest.mark.usefixtures("filled")
async def test_a_start_that_cannot_be_is_named(client_of: Clients, start: Any) -> None:
    """DB3."""
    async with client_of() as client:
        for key in ("emoji", "list", "zset"):
            result = await client.call("read_key", key=key, start=start)
            assert (result.error_code, "`start`" in result.text) == ("invalid_argument", True)


@pytest.mark.usefixtures("filled")
async def test_a_cursor_of_another_question_runs_nothing(client_of: Clients, sent: Any) -> None:
    """DB7."""
    async with client_of() as client:
        cursor = (await client.call("read_key", key="list", count=2)).data["next_cursor"]
        before = sent()
        for wrong in (
            {"key": "list", "count": 3, "cursor": cursor},
            {"key": "zset", "count": 2, "cursor": cursor},
            {"key": "list", "count": 2, "cursor": cursor[:-3] + "abc"},
            {"key": "list", "count": 2, "cursor": "x" * 5000},
        ):
            result = await client.call("read_key", **wrong)
            assert result.error_code == "invalid_argument"
        assert (await client.call("scan_keys", cursor=cursor)).error_code == "invalid_argument"
        assert sent() == before


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("other", "code"), [("a", None), ("b", "invalid_argument")])
async def test_a_cursor_of_somebody_else_is_none(client_of: Clients, other: str, code: str | None) -> None:
    """DB7: another principal of the same server, or of another replica with its key."""
    key = Secret("k" * 32)
    asked = {"key": "list", "count": 2}
    async with client_of(state_key=key, principal=Principal("issuer", "a")) as client:
        cursor = (await client.call("read_key", **asked)).data["next_cursor"]
    async with client_of(state_key=key, principal=Principal("issuer", other)) as client:
        assert (await client.call("read_key", **asked, cursor=cursor)).error_code == code


async def test_a_string_that_becomes_something_else_is_read_as_what_it_is(client_of: Clients, raw: Any) -> None:
    """A key that was a string is asked for as one in the same trip as its type."""
    raw.set("k", "text")
    async with client_of() as client:
        first = [(await client.call("read_key", key="k")).data["value"] for _ in range(2)]
        raw.delete("k")
        gone = await client.call("read_key", key="k")
        raw.rpush("k", "item")
        other = await client.call("read_key", key="k")
        again = await client.call("read_key", key="k")
    assert first == ["text", "text"]
    assert gone.data["found"] is False
    assert other.data["items"] == again.data["items"] == ["item"]

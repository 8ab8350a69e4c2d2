"""JSON, search, time series and vector sets on engines that have them, in both protocols of theirs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis

Clients = Any
# The client library types its replies as anything at all.
Redis: Any = redis.Redis
each_protocol = pytest.mark.parametrize("protocol", [2, 3])
SCHEMA: dict[str, Any] = {
    "prefixes": ["h:"],
    "fields": [
        {"name": "t", "type": "text"},
        {"name": "g", "type": "tag"},
        {"name": "n", "type": "numeric", "sortable": True},
        {"name": "v", "type": "vector", "dim": 2, "metric": "l2"},
    ],
}
TAGS = ["red", "dark-blue", "a b|c}", "x,y", "é!"]


@asynccontextmanager
async def on_modules(client_of: Clients, url: str, protocol: int = 3, **more: Any) -> AsyncGenerator[Any]:
    """A client of a server on the emptied engine."""
    with Redis.from_url(url) as raw:
        raw.flushall()
    settings = {"mode": "admin", "no_confirm": True} | more
    async with client_of(f"{url}/0?protocol={protocol}", **settings) as client:
        yield client


@each_protocol
async def test_operations_on_json_documents(client_of: Clients, modules_url: str, protocol: int) -> None:
    """R16: each operation, on a place of another kind, on a key of another type, on no key."""
    async with on_modules(client_of, modules_url, protocol) as client:

        async def update(op: str, key: str = "doc", **arguments: Any) -> Any:
            return await client.call("update_key", key=key, type="json", op=op, **arguments)

        document = {"a": 1, "b": ["x"], "n": {"m": 2.5}}
        assert (await update("set", items=[document])).data["changed"] == 1
        assert (await update("merge", path="$.n", items=[{"y": [1]}])).data["changed"] == 1
        assert (await update("append", path="$.b", items=["y"])).data["result"] == [2]
        assert (await update("append", path="$.a", items=["y"])).data["changed"] == 0
        assert (await update("increment", path="$.a", amount=4)).data["result"] == [5]
        assert (await update("increment", path="$.b")).data["changed"] == 0
        assert (await update("delete", path="$.n.m")).data["changed"] == 1
        whole = (await client.call("read_key", key="doc")).data
        many = (await client.call("read_keys", keys=["doc"])).data["items"]
        assert (await update("append", key="none", items=[1])).error_code == "not_found"
        await client.call("set_value", key="plain", value="x")
        for op, arguments in (("set", {"items": [1]}), ("append", {"items": [1]}), ("increment", {}), ("delete", {})):
            wrong = await update(op, key="plain", **arguments)
            assert (wrong.error_code, "is a string" in wrong.text) == ("conflict", True), wrong.text
    assert whole["type"] == "json"
    assert whole["value"] == [{"a": 5, "b": ["x", "y"], "n": {"y": [1]}}]
    assert many[0]["value"] == whole["value"][0]


@pytest.mark.parametrize("path", ["NOESCAPE", "INDENT", "FORMAT", "a", ""])
async def test_a_path_cannot_be_an_option(client_of: Clients, modules_url: str, path: str) -> None:
    """JSON.GET key NOESCAPE is the whole document."""
    async with on_modules(client_of, modules_url) as client:
        await client.call("update_key", key="doc", type="json", op="set", items=[{"a": [1]}])
        read = await client.call("read_key", key="doc", path=path)
        deleted = await client.call("update_key", key="doc", type="json", op="delete", path=path)
        left = (await client.call("read_key", key="doc", path=".a")).data["value"]
    assert (read.error_code, deleted.error_code, left) == ("invalid_argument", "invalid_argument", [1])


async def filled_index(client: Any) -> None:
    """Five documents in an index, all of them indexed."""
    assert (await client.call("manage_index", action="create", index="i", schema=SCHEMA)).data["done"]
    for at, tag in enumerate(TAGS):
        fields = {"t": f"hello number{at} a-b", "g": tag, "n": at * 1.5, "v": {"$float32": [float(at), 0.0]}}
        await client.call("update_key", key=f"h:{at}", type="hash", op="set", fields=fields)
    async with asyncio.timeout(10):
        while (await client.call("search", index="i")).data["total"] < len(TAGS):  # noqa: ASYNC110  it indexes behind
            await asyncio.sleep(0.01)


@each_protocol
async def test_filters_mean_what_they_say(client_of: Clients, modules_url: str, protocol: int) -> None:
    """Whatever stands in a value, it is that value."""
    found: dict[str, list[str]] = {}
    async with on_modules(client_of, modules_url, protocol) as client:
        await filled_index(client)
        wanted = {
            **{f"eq {tag}": (("g", "eq", tag), [at]) for at, tag in enumerate(TAGS) if "," not in tag},
            "ne": (("g", "ne", "red"), [1, 2, 3, 4]),
            "in": (("g", "in", ["red", "dark-blue"]), [0, 1]),
            "gt": (("n", "gt", 1.5), [2, 3, 4]),
            "between": (("n", "between", [1, 4]), [1, 2]),
            "match": (("t", "match", "number1"), [1]),
            "match in parts": (("t", "match", "a-b"), [0, 1, 2, 3, 4]),
            "prefix": (("t", "prefix", "num"), [0, 1, 2, 3, 4]),
        }
        for name, ((field, op, value), _) in wanted.items():
            result = await client.call("search", index="i", filters=[{"field": field, "op": op, "value": value}])
            assert not result.is_error, (name, result.text)
            found[name] = sorted(hit["key"] for hit in result.data["results"])
        empty = await client.call("search", index="i", filters=[{"field": "t", "op": "match", "value": "-"}])
    assert found == {name: [f"h:{at}" for at in places] for name, (_, places) in wanted.items()}
    assert empty.error_code == "invalid_argument"


MISFITS: list[tuple[dict[str, Any], str]] = [
    ({"filters": [{"field": "nope", "op": "eq", "value": "x"}]}, "It has g, n, t, v."),
    ({"filters": [{"field": "t", "op": "eq", "value": "nothing"}]}, "TEXT field"),
    ({"filters": [{"field": "n", "op": "eq", "value": "1.5"}]}, "a number"),
    ({"filters": [{"field": "g", "op": "gt", "value": 1}]}, "eq, ne, in"),
    ({"filters": [{"field": "g", "op": "eq", "value": 1}]}, "a text"),
    ({"filters": [{"field": "g", "op": "eq", "value": None}]}, "not empty"),
    ({"filters": [{"field": "g", "op": "in", "value": [""]}]}, "not empty"),
    ({"vector": {"field": "t", "values": [1, 2]}}, "no vector"),
    ({"vector": {"field": "v", "values": [1, 2, 3]}}, "2 numbers"),
    ({"return_fields": ["t", "AS", "x"]}, "'AS'"),
]


@each_protocol
async def test_a_question_that_an_index_cannot_answer_is_corrected(
    client_of: Clients, modules_url: str, protocol: int
) -> None:
    """The module itself would find nothing, and say nothing."""
    async with on_modules(client_of, modules_url, protocol) as client:
        await filled_index(client)
        for question, words in MISFITS:
            result = await client.call("search", index="i", **question)
            assert (result.error_code, words in result.text) == ("invalid_argument", True), result.text
        nothing = await client.call("search", index="i", filters=[{"field": "g", "op": "eq", "value": "gone"}])
        rows = await client.call("search", index="i", query="zzz", aggregate={"group_by": ["g"]})
    assert (nothing.data["total"], rows.data["results"]) == (0, [])


@pytest.mark.parametrize("name", ["", "NOINDEX", "sortable", "a b", "x|y", "x" * 200])
async def test_a_field_cannot_be_an_option(client_of: Clients, modules_url: str, name: str) -> None:
    """`SCHEMA a TEXT NOINDEX TAG` would be an option of `a`, and a wrong schema."""
    fields = [{"name": "a", "type": "text"}, {"name": name, "type": "tag"}]
    async with on_modules(client_of, modules_url) as client:
        made = await client.call(
            "manage_index", action="create", index="i", schema={"prefixes": ["h:"], "fields": fields}
        )
        listed = await client.call("search_indexes")
    assert made.error_code == "invalid_argument"
    assert listed.data["indexes"] == []


@each_protocol
async def test_vectors_pages_groups_and_indexes(client_of: Clients, modules_url: str, protocol: int) -> None:
    async with on_modules(client_of, modules_url, protocol) as client:
        await filled_index(client)
        near = (await client.call("search", index="i", vector={"field": "v", "values": [2.1, 0], "k": 2})).data
        pages: list[str] = []
        arguments: dict[str, Any] = {"index": "i", "sort_by": "n", "limit": 2}
        while True:
            page = (await client.call("search", **arguments)).data
            pages += [hit["key"] for hit in page["results"]]
            if page.get("next_cursor") is None:
                break
            arguments["cursor"] = page["next_cursor"]
        groups = (
            await client.call("search", index="i", aggregate={"group_by": ["g"], "reduce": "sum", "field": "n"})
        ).data
        told = (await client.call("describe_index", index="i")).data
        again = await client.call("manage_index", action="create", index="i", schema=SCHEMA)
        missing = await client.call("search", index="nope")
        wrong = await client.call("search", index="i", query="(((")
        dropped = await client.call("manage_index", action="drop", index="i", delete_documents=True)
        left = (await client.call("scan_keys")).data["keys"]
    assert [hit["key"] for hit in near["results"]] == ["h:2", "h:3"]
    assert pages == [f"h:{at}" for at in range(5)]
    assert groups["results"][0] == {"g": "é!", "result": "6"}
    assert (told["docs"], told["prefixes"], len(told["fields"])) == (5, ["h:"], 4)
    assert (again.error_code, missing.error_code, wrong.error_code) == ("conflict", "not_found", "syntax")
    assert dropped.data["done"]
    assert left == []


@each_protocol
async def test_points_are_added_and_read(client_of: Clients, modules_url: str, protocol: int) -> None:
    """A point that was not added is not counted."""
    async with on_modules(client_of, modules_url, protocol) as client:
        await client.call("command", args=["TS.CREATE", "one", "LABELS", "room", "a"])
        points = [{"value": 1.5, "time_ms": 1000}, {"value": 2, "time_ms": 2000}]
        first = (await client.call("time_series", keys=["one"], add=points)).data
        again = (await client.call("time_series", keys=["one"], add=[points[0], {"value": 3, "time_ms": 3000}])).data
        none = await client.call("time_series", keys=["one"], add=[points[0]])
        made = (await client.call("time_series", keys=["two"], add=points)).data
        raw = (await client.call("time_series", keys=["one"])).data["series"]
        bucket = (await client.call("time_series", keys=["one"], aggregation="max", bucket_ms=10_000)).data["series"]
        labelled = (await client.call("time_series", filter=["room=a"])).data["series"]
        missing = await client.call("time_series", keys=["zz"])
        await client.call("set_value", key="plain", value="x")
        wrong = await client.call("time_series", keys=["plain"])
        info = (await client.call("read_key", key="one")).data
    assert (first["added"], first["failed"]) == (2, [])
    assert (again["added"], [one["at"] for one in again["failed"]]) == (1, [0])
    assert none.is_error
    assert made["added"] == 2
    assert raw[0]["points"] == [[1000, 1.5], [2000, 2], [3000, 3]]
    assert bucket[0]["points"] == [[0, 3]]
    assert labelled[0]["labels"] == {"room": "a"}
    assert (missing.error_code, wrong.error_code) == ("not_found", "conflict")
    assert (info["type"], info["value"]["totalSamples"]) == ("timeseries", 3)


@each_protocol
async def test_points_beyond_a_page_are_told(client_of: Clients, modules_url: str, protocol: int) -> None:
    """DB6: over the count that was asked for, or the size of a result."""
    async with on_modules(client_of, modules_url, protocol, max_output_chars=20_000) as client:
        for start in range(0, 3000, 1000):
            points = [{"value": number / 7, "time_ms": number} for number in range(start, start + 1000)]
            await client.call("time_series", keys=["one"], add=points)
        few = (await client.call("time_series", keys=["one"], count=10)).data["series"][0]
        found: list[Any] = []
        asked: dict[str, Any] = {"keys": ["one"], "count": 10_000, "from": 0}
        while asked["from"] is not None:
            page = (await client.call("time_series", **asked)).data["series"][0]
            found += page["points"]
            asked["from"] = page.get("next_from")
    assert (len(few["points"]), few["next_from"]) == (10, 10)
    assert [at for at, _ in found] == list(range(3000))


@pytest.mark.parametrize(
    "wrong",
    [
        {"filter": ["room=a", "GROUPBY", "room", "REDUCE", "max"]},
        {"filter": ["room"]},
        {"filter": ["!=a"]},
        {"filter": []},
        {"keys": ["one"], "from": "x"},
        {"keys": ["one"], "to": "-"},
        {"keys": ["one"], "from": -1},
        {"keys": ["one"], "from": 10**16},
    ],
)
async def test_no_condition_is_an_option(client_of: Clients, modules_url: str, wrong: dict[str, Any]) -> None:
    async with on_modules(client_of, modules_url) as client:
        await client.call("command", args=["TS.CREATE", "one", "LABELS", "room", "a"])
        assert (await client.call("time_series", **wrong)).error_code == "invalid_argument"


async def test_all_modules_are_told(client_of: Clients, modules_url: str) -> None:
    async with on_modules(client_of, modules_url) as client:
        info = (await client.call("server_info", sections=["modules"])).data
    assert list(info["sections"]) == ["modules"]
    assert {"ReJSON", "search", "timeseries"} <= {one["name"] for one in info["sections"]["modules"]["modules"]}
    assert {"json", "search", "timeseries"} <= set(info["features"])


@each_protocol
async def test_vector_sets(client_of: Clients, newest_url: str, protocol: int) -> None:
    """On Redis 8, which has them without a module."""
    async with on_modules(client_of, newest_url, protocol) as client:
        able = (await client.call("server_info")).data["features"]
        added = [
            await client.call("vector_set", key="v", op="add", member=name, values=values, attributes={"n": name})
            for name, values in (("a", [1.0, 0.0]), ("b", [0.0, 1.0]))
        ]
        found = await client.call("vector_set", key="v", op="search", values=[1.0, 0.1], k=1)
        near = await client.call("vector_set", key="v", op="search", member="b", k=1)
        told = await client.call("vector_set", key="v", op="attributes", member="a")
        info = await client.call("vector_set", key="v", op="info")
        read = await client.call("read_key", key="v")
        gone = await client.call("vector_set", key="v", op="remove", member="a")
    assert [one.data["changed"] for one in added] == [True, True]
    assert found.data["matches"][0]["member"] == "a"
    assert near.data["matches"][0]["member"] == "b"
    assert told.data["info"] == {"n": "a"}
    assert info.data["info"]["vector-dim"] == 2
    assert (read.data["type"], read.data["value"]["size"]) == ("vectorset", 2)
    assert gone.data["changed"]
    assert "vectorset" in able


async def test_neighbours_with_long_names_fit_a_result(client_of: Clients, newest_url: str) -> None:
    """DB6."""
    async with on_modules(client_of, newest_url, max_output_chars=50_000) as client:
        for number in range(60):
            name = f"{number}{'n' * 5000}"
            await client.call("vector_set", key="v", op="add", member=name, values=[1.0, float(number)])
        near = await client.call("vector_set", key="v", op="search", values=[1.0, 1.0], k=60)
        huge = await client.call("vector_set", key="v", op="add", member="n" * 2**21, values=[1.0, 1.0])
    assert 1 < len(near.data["matches"]) < 60
    assert len(near.text) <= 50_000
    assert huge.error_code == "too_large"

"""Commands of modules: what they say of themselves is not believed, neither by the gate nor by the jail."""

from typing import Any

import pytest
import redis

from mcp_protocol import ToolError
from mcp_protocol.errors import Refused
from mcp_ref_redis.access.commands import table
from mcp_ref_redis.access.gate import Gate, may_change
from mcp_ref_redis.access.jail import Jail
from mcp_ref_redis.access.keys import keys_in

Clients = Any
# The client library types its replies as anything at all.
Redis: Any = redis.Redis


def entry(name: str, flag: str, first: int, last: int = 1, step: int = 1) -> list[Any]:
    """What COMMAND says of a module's command: its keys would all be changed."""
    return [name.encode(), -1, [flag.encode(), b"module"], first, first and last, first and step, [], [], [], []]


# As Redis Stack 7.4 has them.
TABLE = table(
    [
        entry("JSON.GET", "readonly", 1),
        entry("JSON.MGET", "readonly", 1),
        entry("JSON.SET", "write", 1),
        entry("JSON.DEBUG", "readonly", 2, 2),
        entry("FT.SEARCH", "readonly", 1),
        entry("FT.AGGREGATE", "readonly", 1),
        entry("FT.DICTADD", "readonly", 0),
        entry("FT.DEBUG", "readonly", 0),
        entry("FT._DROPINDEXIFX", "write", 1),
        entry("FT.ALIASADD", "readonly", 1),
        entry("TIMESERIES.CLUSTERSET", "readonly", 0),
        entry("_FT.SEARCH", "readonly", 1),
        entry("BF.LOADCHUNK", "write", 1),
        entry("CMS.MERGE", "write", 1),
        entry("TS.CREATERULE", "write", 1),
        entry("ODD.READ", "readonly", 1),
        entry("ODD.RUN", "write", 0),
    ]
)


def passes(mode: Any, name: str, **lists: Any) -> bool:
    try:
        Gate(mode, **lists).judge(TABLE, [name.encode(), b"app:k", b"x"])
    except ToolError:
        return False
    return True


@pytest.mark.parametrize("name", ["JSON.GET", "json.get", "JSON.MGET", "FT.SEARCH"])
def test_what_is_known_to_read_passes_in_read_only_mode(name: str) -> None:
    """R3: although the module says that it would change the key."""
    assert passes("read-only", name)


def test_a_reader_that_leaves_a_cursor_in_the_engine_is_none() -> None:
    """R1: FT.AGGREGATE with WITHCURSOR."""
    question = [b"FT.AGGREGATE", b"app:i", b"*"]
    Gate("read-only").judge(TABLE, question)
    with pytest.raises(ToolError, match="changes data"):
        Gate("read-only").judge(TABLE, [*question, b"withCursor"])
    Gate("read-write").judge(TABLE, [*question, b"WITHCURSOR"])


@pytest.mark.parametrize("name", ["FT.DICTADD", "FT.ALIASADD", "JSON.SET", "ODD.READ", "ODD.RUN", "CMS.MERGE"])
def test_a_flag_of_a_module_is_no_licence_to_read(name: str) -> None:
    """R1: FT.DICTADD and FT.ALIASADD are flagged `readonly`, and change what others find."""
    assert not passes("read-only", name)
    assert passes("read-only", name, allow=[name])


@pytest.mark.parametrize(
    "name",
    ["FT.DEBUG", "JSON.DEBUG", "TIMESERIES.CLUSTERSET", "FT._DROPINDEXIFX", "_FT.SEARCH", "BF.LOADCHUNK"],
)
def test_what_reaches_the_process_or_other_hosts_never_passes(name: str) -> None:
    """R1. CVE-2024-25115: a chunk is the memory of a filter; CLUSTERSET is flagged `readonly` and connects anywhere."""
    for mode in ("read-only", "read-write", "admin"):
        assert not passes(mode, name, allow=[name])


def test_a_keyless_command_of_an_unknown_module_can_be_anything() -> None:
    assert not passes("admin", "ODD.RUN")
    assert passes("read-write", "ODD.READ")


def test_only_what_is_known_to_read_may_be_repeated() -> None:
    for name, changing in (("JSON.GET", False), ("FT.ALIASADD", True), ("ODD.READ", True)):
        command = TABLE.find([name.encode(), b"k"])
        assert command is not None
        assert may_change(command) is changing


@pytest.mark.parametrize("name", ["JSON.MGET", "CMS.MERGE", "TS.CREATERULE", "FT.SEARCH", "ODD.READ", "FT.DICTADD"])
def test_a_module_that_hides_keys_is_outside_of_the_jail(name: str) -> None:
    """R9: JSON.MGET app:x user:1 names its first key alone."""
    vector = [name.encode(), b"app:x", b"user:1", b"$"]
    command = TABLE.find(vector)
    assert command is not None
    with pytest.raises(Refused):
        Jail(b"app:").require_command(command, keys_in(command, vector))


async def test_a_jail_holds_on_an_engine_with_modules(client_of: Clients, modules_url: str) -> None:
    """R9: documents and indexes of others, by every way there is."""
    with Redis.from_url(modules_url) as raw:
        raw.flushall()
        for key in ("app:d", "user:d"):
            raw.execute_command("JSON.SET", key, "$", '{"who":"foreign"}' if key == "user:d" else '{"who":"mine"}')
        for index, prefix in (("mine", "app:"), ("theirs", "user:"), ("all", "")):
            raw.execute_command(
                "FT.CREATE", index, "ON", "JSON", "PREFIX", 1, prefix, "SCHEMA", "$.who", "AS", "who", "TAG"
            )
    calls: list[tuple[str, dict[str, Any]]] = [
        *[("search", {"index": index}) for index in ("theirs", "all", "none")],
        *[("describe_index", {"index": index}) for index in ("theirs", "all", "none")],
        ("manage_index", {"action": "drop", "index": "theirs"}),
        ("manage_index", {"action": "create", "index": "n", "schema": {"prefixes": ["a"], "fields": []}}),
        *[("command", {"args": words.split()}) for words in ESCAPES],
    ]
    async with client_of(f"{modules_url}/0", mode="admin", no_confirm=True, key_prefix="app:") as client:
        for tool, arguments in calls:
            result = await client.call(tool, **arguments)
            assert result.error_code == "permission", (tool, arguments, result.text)
            assert "foreign" not in result.text
        listed = (await client.call("search_indexes")).data["indexes"]
        own = (await client.call("command", args=["JSON.GET", "app:d"])).data["reply"]
    assert listed == ["mine"]
    assert own == '{"who":"mine"}'


ESCAPES = [
    "JSON.MGET app:d user:d $",
    "json.mget app:d user:d $",
    "JSON.GET user:d",
    "JSON.MSET app:d $ 1 user:d $ 1",
    "FT.SEARCH mine *",
    "FT._LIST",
    "TS.QUERYINDEX a=b",
    "TS.MRANGE - + FILTER a=b",
    "CMS.MERGE app:c 1 user:c",
    "TDIGEST.MERGE app:c 1 user:c",
    "TS.CREATERULE app:t user:t AGGREGATION avg 1000",
]


async def test_reading_commands_of_modules_change_no_byte(client_of: Clients, modules_url: str) -> None:
    """R1: the values as DUMP has them, before and after."""
    with Redis.from_url(modules_url) as raw:
        raw.flushall()
        for words in ("JSON.SET j $ [1]", "TS.ADD t 1 1", "BF.ADD b x", "TOPK.RESERVE k 3", "TDIGEST.CREATE d"):
            raw.execute_command(*words.split())
        raw.execute_command("TDIGEST.ADD", "d", *range(50))
        before = [raw.dump(key) for key in "jtbkd"]
        async with client_of(f"{modules_url}/0") as client:
            for words in ("JSON.GET j", "TS.RANGE t - +", "BF.EXISTS b x", "TOPK.QUERY k a", "TDIGEST.QUANTILE d 0.5"):
                result = await client.call("command", args=words.split())
                assert not result.is_error, (words, result.text)
        after = [raw.dump(key) for key in "jtbkd"]
    assert after == before

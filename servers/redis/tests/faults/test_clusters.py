"""A cluster whose slots move, whose nodes stand still or die, and peers that lead in circles."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

import pytest

Clients = Any
PeerOf = Any
KEYS = [f"{{k}}{number}" for number in range(40)]


async def test_slots_move_while_calls_run(client_of: Clients, cluster: Any) -> None:
    """ASK and MOVED: half of a slot's keys here, half there, then all there; no call fails, none reads another's."""
    url = cluster.nodes[0].url
    async with (
        client_of(url, cluster=True, mode="read-write") as client,
        client_of(url, cluster=True) as reader,
    ):
        await client.call("pipeline", commands=[["SET", key, f"value of {key}"] for key in KEYS])
        wrong: list[Any] = []

        async def read_on() -> None:
            while True:
                items = (await reader.call("read_keys", keys=[*KEYS, "elsewhere"])).data["items"]
                wrong.extend(item for item in items[:-1] if item.get("value") != f"value of {item['key']}")

        async with asyncio.TaskGroup() as group:
            reading = group.create_task(read_on())
            await asyncio.to_thread(cluster.begin_move, "{k}")
            await asyncio.to_thread(cluster.carry, "{k}", *KEYS[:20])
            asked = await client.call("pipeline", commands=[["GET", key] for key in KEYS])
            fresh = await client.call("set_value", key="{k}new", value="made on the way")
            await asyncio.to_thread(cluster.carry, "{k}", *KEYS[20:])
            await asyncio.to_thread(cluster.end_move, "{k}", cluster.other("{k}"))
            together = await client.call(
                "pipeline", commands=[["SET", KEYS[0], "both"], ["SET", KEYS[1], "both"]], atomic=True
            )
            reading.cancel()
        moved = await client.call("pipeline", commands=[["GET", key] for key in KEYS])
        stream = await client.call("stream_write", key="{k}s", entries=[{"fields": {"a": "1"}}])
        waited_for = await client.call("stream_read", keys=["{k}s"], start="0", block_ms=50)
    assert [item for item in wrong if item.get("value") != "both"] == []
    assert [reply["ok"] for reply in asked.data["replies"]] == [f"value of {key}" for key in KEYS]
    assert fresh.data["set"]
    assert [reply["ok"] for reply in together.data["replies"]] == ["OK", "OK"]
    assert [reply["ok"] for reply in moved.data["replies"]][:3] == ["both", "both", f"value of {KEYS[2]}"]
    assert (stream.data["length"], len(waited_for.data["entries"])) == (1, 1)


async def test_a_transaction_on_a_moving_slot_is_done_whole_or_not_at_all(
    client_of: Clients, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that is sent on alone would be done although EXEC was refused. Streams of several slots are told of."""
    monkeypatch.setattr("mcp_ref_redis.watching.watchers.LOOK_SECONDS", 0.1)
    await streams_of_several_nodes_are_listened_to(client_of, cluster)
    async with client_of(cluster.nodes[0].url, cluster=True, mode="read-write") as client:
        await client.call("set_value", key="{t}here", value="1")
        cluster.begin_move("{t}")
        refused = await client.call(
            "pipeline", commands=[["INCR", "{t}gone"], ["SET", "{t}gone too", "alone"]], atomic=True
        )
        there = await client.call("read_keys", keys=["{t}here", "{t}gone", "{t}gone too"])
    assert refused.error_code == "busy"
    assert [item.get("value") for item in there.data["items"]] == ["1", None, None]


async def streams_of_several_nodes_are_listened_to(client_of: Clients, cluster: Any) -> None:
    """No XREAD may name two of them."""
    uris = [f"redis://0/stream/s{number}" for number in range(4)]
    async with client_of(cluster.nodes[0].url, cluster=True, mode="read-write") as client:
        wanted = {"notifications": {"resourceSubscriptions": uris}}
        request = await client.peer.begin("subscriptions/listen", wanted)
        await client.peer.notification("notifications/subscriptions/acknowledged")
        for number in range(4):
            await client.call("stream_write", key=f"s{number}", entries=[{"fields": {"a": "1"}}])
        missing = set(uris)
        while missing:
            missing.discard((await client.peer.notification("notifications/resources/updated"))["params"]["uri"])
        await client.peer.send(
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": request}}
        )


NONSENSE = [b"*1\r\n:1\r\n", b"*1\r\n*3\r\n+a\r\n+b\r\n+c\r\n", b"+OK\r\n", b":7\r\n", b"_\r\n", b"*0\r\n"]


def slots_of(*ports: int) -> bytes:
    """CLUSTER SLOTS of nodes on loopback that share the slots."""
    share = 16_384 // len(ports)
    rows = [
        b"*3\r\n:%d\r\n:%d\r\n*3\r\n$9\r\n127.0.0.1\r\n:%d\r\n$1\r\nx\r\n" % (at * share, (at + 1) * share - 1, port)
        for at, port in enumerate(ports)
    ]
    return b"*%d\r\n" % len(ports) + b"".join(rows)


async def test_two_nodes_that_point_at_each_other_end_the_call(client_of: Clients, peer_of: PeerOf) -> None:
    ports: list[int] = []

    def pointing_at(other: int) -> Callable[[list[bytes]], bytes]:
        def answer(words: list[bytes]) -> bytes:
            return slots_of(*ports) if words[0] == b"CLUSTER" else b"-MOVED 1 127.0.0.1:%d\r\n" % ports[other]

        return answer

    async with peer_of(pointing_at(1)) as one, peer_of(pointing_at(0)) as two:
        ports += [one.port, two.port]
        async with client_of(one.url, cluster=True) as client:
            result = await client.call("read_key", key="k")
        sent = [words[0] for words in one.commands + two.commands]
    assert result.error_code == "busy"
    assert "127.0.0.1" not in result.text
    assert len(sent) < 60


def silent(words: list[bytes]) -> None:
    """Whatever is asked, nothing is said."""
    del words


async def test_a_node_outside_of_the_cluster_is_never_spoken_to(client_of: Clients, peer_of: PeerOf) -> None:
    """The map of slots decides, not the redirection; a map of nonsense is an error of the call."""
    maps: list[bytes] = []
    outside: list[int] = []

    def answer(words: list[bytes]) -> bytes:
        return maps[0] if words[0] == b"CLUSTER" else b"-ASK 1 127.0.0.1:%d\r\n" % outside[0]

    async with peer_of(silent) as stranger, peer_of(answer) as node:
        outside.append(stranger.port)
        async with client_of(node.url, cluster=True) as client:
            maps[:] = [slots_of(node.port)]
            led = await client.call("read_key", key="k")
        codes: list[Any] = []
        for nonsense in NONSENSE:
            maps[:] = [nonsense]
            async with client_of(node.url, cluster=True) as client:
                codes.append((await client.call("read_key", key="k")).error_code)
                assert await client.list("tools")
        assert stranger.writers == []
        assert stranger.commands == []
    assert led.error_code == "busy"
    assert codes == ["connection"] * 5 + ["busy"]


async def test_a_silent_node_is_left_after_one_deadline_once_another_holds_its_slots(
    client_of: Clients, peer_of: PeerOf
) -> None:
    """No connection breaks: only the others know that it has been replaced, and they are asked first."""
    ports: list[int] = []
    silent_now: list[bool] = []

    def old(words: list[bytes]) -> bytes | None:
        if silent_now:
            return None
        return slots_of(*ports) if words[0] == b"CLUSTER" else b"+none\r\n"

    def new(words: list[bytes]) -> bytes:
        if words[0] == b"CLUSTER":
            return slots_of(ports[1]) if silent_now else slots_of(*ports)
        return b":-2\r\n" if words[0] == b"PTTL" else b"+none\r\n"

    async with peer_of(old) as one, peer_of(new) as two:
        ports += [one.port, two.port]
        async with client_of(one.url, cluster=True, timeout=0.5) as client:
            await client.call("key_info", key="bar")  # of a slot of the first half
            silent_now.append(True)
            results = [await client.call("read_key", key="bar") for _ in range(3)]
    assert [result.error_code for result in results] == ["timeout", None, None]


async def test_a_node_that_stands_still_or_dies_costs_the_calls_to_its_keys_alone(
    client_of: Clients, cluster: Any
) -> None:
    """Who holds what is asked of a node that answers, even where the silent one was asked first before."""
    names = {node: next(f"n{at}" for at in range(99) if cluster.holder(f"n{at}") is node) for node in cluster.nodes}
    first, second, third = cluster.nodes
    async with client_of(first.url, cluster=True, mode="read-write", timeout=0.7) as client:
        for name in names.values():
            await client.call("set_value", key=name, value=name)
        first.signal(signal.SIGSTOP)
        stalled = [await client.call("read_key", key=names[first]) for _ in range(2)]
        others = [await client.call("read_key", key=names[node]) for node in (second, third)]
        first.signal(signal.SIGCONT)
        again = await client.call("read_key", key=names[first])
        request = await client.peer.begin(
            "tools/call",
            {"name": "pipeline", "arguments": {"commands": [["SET", name, "2"] for name in names.values()] * 100}},
        )
        second.stop()
        killed = (await client.peer.reply(request))["result"]
        gone = await client.call("read_key", key=names[second])
        some = await client.call("read_keys", keys=list(names.values()))
        rest = [await client.call("read_key", key=names[node]) for node in (first, third)]
        cluster.on(third, "CLUSTER", "DELSLOTS", cluster.slot(names[third]))
        down = await client.call("read_key", key=names[third])
    assert {one.error_code for one in stalled} <= {"timeout", "connection"}
    assert [one.data["value"] for one in others] == [names[second], names[third]]
    assert again.data["value"] == names[first]
    assert killed.get("_meta", {}).get("mcp-ref/error", {}).get("code") in {None, "connection", "busy"}
    assert gone.error_code in {"connection", "busy"}
    assert all(one.error_code in {None, "busy"} for one in rest)  # CLUSTERDOWN, once the others have noticed
    assert down.error_code == "busy"
    assert "CLUSTERDOWN" in down.text
    assert str(second.port) not in gone.text
    items = {item["key"]: item for item in some.data["items"]}
    assert items[names[second]]["error"]["code"] in {"connection", "busy"}
    assert any("value" in items[names[node]] for node in (first, third))

"""Sentinels that are away, stalled, wrong or lying; a failover under calls; a password and TLS of their own."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from mcp_ref_kit import Secret

Clients = Any
PeerOf = Any
# The client library types its replies as anything at all.
Redis: Any = redis.Redis


def naming(*ports: int) -> Callable[[list[bytes]], bytes]:
    """A Sentinel that says so: the last of the ports, which a test may change."""
    named = list(ports)

    def answer(words: list[bytes]) -> bytes:
        assert words[0] == b"SENTINEL"
        port = b"%d" % named[-1]
        return b"*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%b\r\n" % (len(port), port)

    return answer


@pytest.fixture(scope="module")
def pair(engines: Any, waited_for: Any) -> tuple[Any, Any]:
    """A primary and its replica; the last test that takes them changes their roles."""
    primary = engines("--repl-diskless-sync-delay", "0")
    replica = engines("--replicaof", "127.0.0.1", str(primary.port))
    with Redis.from_url(replica.url) as raw:
        waited_for(lambda: raw.info("replication")["master_link_status"] == "up")
    return primary, replica


async def test_the_next_sentinel_is_asked_whatever_is_wrong_with_one(
    client_of: Clients, peer_of: PeerOf, pair: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refuses, stalls, hangs up, talks nonsense, knows nothing, names a dead place, names a replica; one is right."""
    monkeypatch.setattr("mcp_ref_redis.engine.sentinels._PATIENCE", 0.3)
    primary, replica = pair

    def hang_up(words: list[bytes]) -> bytes:
        raise ConnectionResetError(words)

    def stall(words: list[bytes]) -> None:
        del words

    nonsense = [b"*2\r\n:1\r\n:2\r\n", b"*2\r\n$1\r\na\r\n$6\r\n999999\r\n", b"+OK\r\n", b"*-1\r\n", b"-ERR no\r\n"]
    liars = [*[saying(text) for text in nonsense], naming(1), naming(replica.port)]
    for wrong in (stall, hang_up, *liars):
        async with peer_of(wrong) as first, peer_of(naming(primary.port)) as second:
            places = f"mine@127.0.0.1:1,127.0.0.1:{first.port},127.0.0.1:{second.port}"
            async with client_of("redis://ignored:1/0", sentinel=places, mode="read-write", timeout=5) as client:
                result = await client.call("set_value", key="k", value="v")
        assert result.data["set"], result.text
    async with peer_of(naming(replica.port)) as first:
        places = f"mine@127.0.0.1:{first.port}"
        async with client_of("redis://ignored:1/0", sentinel=places, mode="read-write") as client:
            alone = await client.call("set_value", key="k", value="v")
    assert alone.error_code == "connection"
    assert str(replica.port) not in alone.text


def saying(text: bytes) -> Callable[[list[bytes]], bytes]:
    def answer(words: list[bytes]) -> bytes:
        del words
        return text

    return answer


async def test_a_primary_that_falls_silent_costs_one_deadline(
    client_of: Clients, peer_of: PeerOf, pair: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five connections lead to it, and none of them breaks: the first call that is given up makes all be asked."""
    monkeypatch.setattr("mcp_ref_redis.engine.pool._PING_SECONDS", 0.2)
    where = [0]
    answers = {b"ROLE": b"*1\r\n$6\r\nmaster\r\n", b"TYPE": b"+none\r\n"}

    def alive(words: list[bytes]) -> bytes | None:
        return answers.get(words[0], b":-2\r\n") if where[0] == old.port else None

    def told(words: list[bytes]) -> bytes:
        return naming(where[0])(words)

    async with peer_of(alive) as old, peer_of(told) as sentinel:
        where[0] = old.port
        place = f"mine@127.0.0.1:{sentinel.port}"
        async with client_of("redis://ignored:1/0", sentinel=place, timeout=0.6) as client:
            requests = [
                await client.peer.begin("tools/call", {"name": "read_key", "arguments": {"key": "k"}}) for _ in range(5)
            ]
            for request in requests:
                await client.peer.reply(request)
            where[0] = pair[0].port
            results = [await client.call("read_key", key="gone") for _ in range(3)]
    assert [result.error_code for result in results] == ["timeout", None, None]


async def test_a_failover_in_the_middle_is_followed(
    client_of: Clients, peer_of: PeerOf, pair: tuple[Any, Any], waited: Any
) -> None:
    """The old primary becomes a replica and keeps its connections: READONLY leads to the new one, in the same call."""
    primary, replica = pair
    where = [primary.port]
    answer = naming(0)

    def told(words: list[bytes]) -> bytes:
        return naming(where[0])(words) if words[0] == b"SENTINEL" else answer(words)

    async with peer_of(told) as sentinel:
        place = f"mine@127.0.0.1:{sentinel.port}"
        async with client_of("redis://ignored:1/0", sentinel=place, mode="read-write") as client:
            before = [await client.call("set_value", key=f"k{n}", value="v") for n in range(5)]
            asked = len(sentinel.commands)
            with Redis.from_url(primary.url) as old, Redis.from_url(replica.url) as new:
                waited(lambda: new.get("k4") == b"v")
                new.execute_command("REPLICAOF", "NO", "ONE")
                old.execute_command("REPLICAOF", "127.0.0.1", str(replica.port))
                early = await client.call("set_value", key="k", value="too early")
                where[0] = replica.port
                after = await client.call("set_value", key="k", value="after")
                both = await client.call("pipeline", commands=[["INCR", "n"], ["INCR", "n"]], atomic=True)
                kept = new.mget("k", "n")
    assert all(one.data["set"] for one in before)
    assert asked == 1
    assert early.error_code in {"read_only", "connection"}
    assert after.data["set"], after.text
    assert [one["ok"] for one in both.data["replies"]] == [1, 2]
    assert kept == [b"after", b"2"]


async def test_sentinels_have_a_password_and_tls_of_their_own(
    client_of: Clients, engine_with_tls: Any, certificate: Path
) -> None:
    """Real ones; a wrong password is said to be one, and is in no message."""
    tls = ("--tls-cert-file", str(certificate / "own.crt"), "--tls-key-file", str(certificate / "own.key"))
    tls += ("--tls-ca-cert-file", str(certificate / "own.crt"), "--tls-auth-clients", "no")
    primary = engine_with_tls(*tls, "--requirepass", "data")
    monitor = f"sentinel monitor mine 127.0.0.1 {primary.port} 1\nrequirepass guard\n"
    sentinel = engine_with_tls("--sentinel", *tls, config=monitor)
    ways = {
        "guard": Secret("guard"),
        "wrong": Secret("not this one"),
        "none": None,
    }
    found: dict[str, Any] = {}
    for way, password in ways.items():
        settings: dict[str, Any] = {"sentinel": f"mine@127.0.0.1:{sentinel.port}", "sentinel_password": password}
        url = "rediss://:data@ignored:1/0"
        async with client_of(url, tls_ca=certificate / "own.crt", **settings) as client:
            found[way] = await client.call("read_key", key="k")
    assert found["guard"].data["found"] is False
    assert {found[way].error_code for way in ("wrong", "none")} == {"connection"}
    assert "Sentinel" in found["wrong"].text
    assert "not this one" not in found["wrong"].text + found["none"].text


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that vouches for itself."""
    home = tmp_path_factory.mktemp("tls")
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout own.key -out own.crt -subj"
    names = ("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "keyUsage=critical,digitalSignature,keyCertSign")
    command = ["openssl", *words.split(), "/CN=server", *names]
    subprocess.run(command, cwd=home, check=True, capture_output=True, timeout=30)
    return home

"""A cluster, Sentinels, TLS, sockets, users and databases: real processes of an engine each."""

import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis

from mcp_protocol.testing import connect
from mcp_ref_kit import Secret
from mcp_ref_kit.db.program.cli import tailor
from mcp_ref_redis.server import server
from mcp_ref_redis.settings import Settings
from mcp_ref_redis.tailoring import fit, names

Clients = Any
# The client library types its replies as anything at all.
Redis: Any = redis.Redis
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
SLOTS = 16_384
NODES = 3


@pytest.fixture(scope="module")
def cluster(start_lasting_engine: Any) -> list[Any]:
    """Three nodes that share the slots."""
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--appendonly", "no")
    found = [start_lasting_engine(*options) for _ in range(NODES)]
    share = SLOTS // NODES + 1
    for at, node in enumerate(found):
        with Redis.from_url(node.url) as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", at * share, min((at + 1) * share, SLOTS) - 1)
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", at + 1)
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", found[0].port)
    return found


@pytest.fixture
def nodes(cluster: list[Any], waited: Any) -> list[Any]:
    """The nodes, empty."""
    for node in cluster:
        with Redis.from_url(node.url) as client:
            waited(lambda: _is_whole(client))
            client.flushall()
    return cluster


def _is_whole(client: Any) -> bool:
    told = client.execute_command("CLUSTER INFO")
    text = str(told)
    return bool(re.search(r"cluster_state\W+ok", text)) and bool(re.search(rf"known_nodes\W+{NODES}", text))


@each_era
async def test_a_cluster_is_one_database(client_of: Clients, nodes: list[Any], revision: str) -> None:
    names = [f"key:{number}" for number in range(200)]
    async with client_of(nodes[1].url, cluster=True, mode="read-write", revision=revision) as client:
        for name in names[:20]:
            assert (await client.call("set_value", key=name, value=f"value of {name}")).data["set"]
        written = await client.call("pipeline", commands=[["SET", name, f"value of {name}"] for name in names])
        many = await client.call("read_keys", keys=names)
        one = await client.call("read_key", key=names[7])
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await client.call("scan_keys", limit=30, **cursor)).data
            found += page["keys"]
            if page["complete"]:
                break
            cursor = {"cursor": page["next_cursor"]}
        analysis = await client.call("analyze_keyspace")
        info = await client.call("server_info", sections=["replication"])
        apart = await client.call("rename_key", key="key:1", new_key="key:2")
        together = await client.call("rename_key", key="{t}a", new_key="{t}b")
        dry = await client.call("delete_keys", pattern="key:*")
        gone = await client.call("delete_keys", pattern="key:*", dry_run=False, confirm="200")
    assert all("ok" in reply for reply in written.data["replies"])
    assert [item["value"] for item in many.data["items"]] == [f"value of {name}" for name in names]
    assert one.data["value"] == f"value of {names[7]}"
    assert sorted(found) == sorted(names)
    assert (analysis.data["sampled"], analysis.data["keys_total"]) == (200, 200)
    assert len(info.data["sections"]) == NODES
    assert (apart.error_code, together.error_code) == ("conflict", "not_found")
    assert (dry.data["matched"], gone.data["deleted"]) == (200, 200)
    assert "MOVED" not in apart.text + together.text


async def test_atomic_calls_streams_and_channels_in_a_cluster(client_of: Clients, nodes: list[Any]) -> None:
    async with client_of(nodes[0].url, cluster=True, mode="read-write") as client:
        inside = await client.call(
            "pipeline", commands=[["SET", "{t}a", "1"], ["INCR", "{t}a"], ["GET", "{t}a"]], atomic=True
        )
        across = await client.call("pipeline", commands=[["SET", "a", "1"], ["SET", "b", "1"]], atomic=True)
        added = await client.call("stream_write", key="s", entries=[{"fields": {"a": "1"}}])
        read = await client.call("stream_read", keys=["s"], start="0", block_ms=100)
        silent = await client.call("collect_messages", channels=["c"], timeout_s=0.1)
        (key,) = await client.read("redis://0/key/{t}a".replace("{", "%7B").replace("}", "%7D"))
    assert inside.data["replies"][2] == {"ok": "2"}
    assert across.is_error
    assert added.data["length"] == 1
    assert len(read.data["entries"]) == 1
    assert silent.data["timed_out"]
    assert '"2"' in key["text"]


async def test_every_node_of_a_cluster_is_looked_at(client_of: Clients, nodes: list[Any]) -> None:
    """One node that is badly configured makes the whole so; slow commands and clients are those of all."""
    with Redis.from_url(nodes[1].url) as raw:
        raw.config_set("slowlog-log-slower-than", 0)
        raw.config_set("maxmemory", 100_000_000)
        raw.ping()
    async with client_of(nodes[0].url, cluster=True, mode="admin") as client:
        health = await client.call("check_health")
        slow = await client.call("slow_log", limit=1000)
        clients = await client.call("client_list", limit=1000)
    with Redis.from_url(nodes[1].url) as raw:
        raw.config_set("slowlog-log-slower-than", 10_000)
        raw.config_set("maxmemory", 0)
    checks = {check["name"]: check for check in health.data["checks"]}
    assert checks["configuration"]["status"] == "warning"
    assert f"as {NODES - 1} of {NODES} nodes" in checks["configuration"]["detail"]
    assert len({one["node"] for one in clients.data["clients"]}) == NODES
    assert any(one["command"] == ["PING"] for one in slow.data["entries"])
    assert [one["at"] for one in slow.data["entries"]] == sorted(
        (one["at"] for one in slow.data["entries"]), reverse=True
    )


@pytest.fixture
def guarded(start_engine: Any, waited: Any) -> tuple[Any, Any, Any]:
    """A primary, its replica, and a Sentinel that knows them."""
    primary = start_engine()
    replica = start_engine("--replicaof", "127.0.0.1", str(primary.port))
    sentinel = start_engine("--sentinel", config=f"sentinel monitor mine 127.0.0.1 {primary.port} 1\n")
    with Redis.from_url(sentinel.url) as client:
        waited(lambda: len(client.execute_command("SENTINEL REPLICAS", "mine")) == 1)
    return primary, replica, sentinel


async def test_sentinel_says_where_the_primary_is(
    client_of: Clients, guarded: tuple[Any, Any, Any], waited: Any
) -> None:
    primary, replica, sentinel = guarded
    place = f"mine@127.0.0.1:1,127.0.0.1:{sentinel.port}"
    async with client_of("redis://ignored:1/0", sentinel=place, mode="read-write") as client:
        first = await client.call("set_value", key="k", value="v")
        with Redis.from_url(replica.url) as raw:
            waited(lambda: raw.get("k") == b"v")
        with Redis.from_url(sentinel.url) as raw:
            primary.stop()
            raw.execute_command("SENTINEL FAILOVER", "mine")
            waited(lambda: int(raw.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", "mine")[1]) == replica.port)
        read = await client.call("read_key", key="k")
        written = await client.call("set_value", key="k", value="after")
    async with client_of("redis://ignored:1/0", sentinel="other@127.0.0.1:" + str(sentinel.port)) as client:
        unknown = await client.call("read_key", key="k")
    assert first.data["set"]
    assert read.data["value"] == "v"
    assert written.data["set"]
    with Redis.from_url(replica.url) as raw:
        assert raw.get("k") == b"after"
    assert unknown.error_code == "connection"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a certificate of a server on this machine and one of a client."""
    home = tmp_path_factory.mktemp("tls")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=home, check=True, capture_output=True, timeout=30)

    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    # Python from 3.13 on asks for all that RFC 5280 wants of a certificate.
    usage = ("-addext", "keyUsage=critical,keyCertSign")
    openssl("req", "-x509", *new, *usage, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test authority")
    extensions = ("subjectAltName=IP:127.0.0.1,DNS:localhost", "authorityKeyIdentifier=keyid")
    (home / "names").write_text("\n".join(extensions))
    for name in ("server", "client"):
        openssl("req", *new[:5], "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signing = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
        openssl("x509", "-req", "-in", f"{name}.csr", *signing, "-out", f"{name}.crt")
    return home


@pytest.fixture
def secured(engine_with_tls: Any, certificates: Path) -> Any:
    files = [(f"--tls-{what}", str(certificates / name)) for what, name in (
        ("cert-file", "server.crt"), ("key-file", "server.key"), ("ca-cert-file", "ca.crt"))]  # fmt: skip
    return engine_with_tls(*[word for pair in files for word in pair])


async def test_tls_with_a_certificate_of_both_sides(client_of: Clients, secured: Any, certificates: Path) -> None:
    url = f"rediss://127.0.0.1:{secured.port}"
    mine = {
        name: certificates / file
        for name, file in (("tls_ca", "ca.crt"), ("tls_cert", "client.crt"), ("tls_key", "client.key"))
    }
    async with client_of(url, **mine) as client:
        good = await client.call("read_key", key="k")
    query = "&".join(
        f"{name}={quote(str(certificates / file))}"
        for name, file in (("ssl_ca_certs", "ca.crt"), ("ssl_certfile", "client.crt"), ("ssl_keyfile", "client.key"))
    )
    async with client_of(f"{url}?{query}") as client:
        by_url = await client.call("read_key", key="k")
    async with client_of(url, tls_cert=mine["tls_cert"], tls_key=mine["tls_key"]) as client:
        untrusted = await client.call("read_key", key="k")
    async with client_of(url, tls_ca=mine["tls_ca"]) as client:
        nameless = await client.call("read_key", key="k")
    async with client_of(f"redis://127.0.0.1:{secured.port}", timeout=2) as client:
        plain = await client.call("read_key", key="k")
    async with client_of(url, tls_ca=certificates / "missing.crt") as client:
        missing = await client.call("read_key", key="k")
    assert (good.data["found"], by_url.data["found"]) == (False, False)
    assert "certificate is not trusted" in untrusted.text
    assert {one.error_code for one in (untrusted, nameless, missing)} == {"connection"}
    assert plain.error_code in {"connection", "timeout"}
    assert str(certificates) not in untrusted.text + nameless.text + missing.text


async def test_a_unix_socket_another_database_and_a_password_with_odd_letters(
    client_of: Clients, start_engine: Any
) -> None:
    """R8: percent-encoded in the URL, and in no message."""
    password = "p@ss/w:rd%?#"  # noqa: S105  of a test
    engine = start_engine("--requirepass", password)
    socket = engine.home / "engine.sock"
    with Redis(port=engine.port, password=password, db=3) as raw:
        raw.set("k", "in three")
    escaped = quote(password, safe="")
    async with client_of(f"redis://:{escaped}@127.0.0.1:{engine.port}/3") as client:
        tcp = await client.call("read_key", key="k")
        (resource,) = await client.read("redis://3/key/k")
    async with client_of(f"unix://:{escaped}@{socket}?db=3") as client:
        unix = await client.call("read_key", key="k")
    async with client_of(f"redis://:{escaped}x@127.0.0.1:{engine.port}/3") as client:
        wrong = await client.call("read_key", key="k")
    async with client_of(f"redis://127.0.0.1:{engine.port}/3") as client:
        none = await client.call("read_key", key="k")
    assert tcp.data["value"] == unix.data["value"] == "in three"
    assert "in three" in resource["text"]
    assert (wrong.error_code, none.error_code) == ("connection", "connection")
    assert "p@ss" not in wrong.text
    assert escaped not in wrong.text


@each_era
async def test_the_older_protocol_gives_the_same_answers(client_of: Clients, filled: Any, revision: str) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        *[("read_key", {"key": key}) for key in ("emoji", "list", "zset", "stream", "hash")],
        ("command", {"args": ["HGETALL", "hash"]}),
        ("command", {"args": ["ZRANGE", "zset", "0", "-1", "WITHSCORES"]}),
        ("stream_read", {"keys": ["stream"], "start": "0", "block_ms": 10}),
        ("stream_groups", {"key": "stream"}),
        ("collect_messages", {"channels": ["c"], "timeout_s": 0.02}),
        ("slow_log", {"limit": 1}),
    ]
    filled.xgroup_create("stream", "g", id="0")
    answers: list[list[Any]] = []
    for protocol in (2, 3):
        async with client_of(f"{client_of.url}?protocol={protocol}", revision=revision) as client:
            answers.append([(await client.call(tool, **arguments)).data for tool, arguments in calls])
    old, new = answers
    assert old[:5] == new[:5]
    assert old[7:10] == new[7:10]
    assert old[5]["reply"][:4:2] == list(new[5]["reply"])[:2]


async def test_several_databases_are_named_in_every_call(client_of: Clients, raw: Any) -> None:
    base = client_of.url.rsplit("/", 1)[0]
    raw.set("k", "zero")
    with Redis.from_url(f"{base}/1") as other:
        other.set("k", "one")
    settings = Settings(databases=[Secret(f"main={base}/0"), Secret(f"side={base}/1")])
    async with connect(tailor(server, settings, names=names, fit=fit), settings) as client:
        tools = {tool["name"]: tool["inputSchema"] for tool in await client.list("tools")}
        values = [(await client.call("read_key", key="k", database=name)).data["value"] for name in ("main", "side")]
        without = await client.call("read_key", key="k")
        wrong = await client.call("read_key", key="k", database="other")
        (resource,) = await client.read("redis://side/key/k")
    assert tools["read_key"]["properties"]["database"]["enum"] == ["main", "side"]
    assert "database" in tools["scan_keys"]["required"]
    assert values == ["zero", "one"]
    assert (without.error_code, wrong.error_code) == ("invalid_argument", "invalid_argument")
    assert '"one"' in resource["text"]

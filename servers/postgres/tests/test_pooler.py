"""Behind PgBouncer in transaction mode, where it is installed: parameters are set in each transaction."""

import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.testing import connect
from mcp_ref_kit.settings import Secret
from mcp_ref_postgres.server import server
from mcp_ref_postgres.settings import Settings


@pytest.fixture(params=["refuses", "swallows"])
def pooled(engine: Any, tmp_path: Path, request: pytest.FixtureRequest, unprivileged: Any) -> Generator[str]:
    """A DSN that leads through a pooler which refuses our parameters, or takes and drops them."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("PgBouncer is not installed")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    place = engine.admin.rpartition("@")[2].partition("/")[0]
    host, _, engine_port = place.partition(":")
    ignored = (
        "ignore_startup_parameters = default_transaction_read_only,statement_timeout,lock_timeout,jit,"
        "idle_in_transaction_session_timeout,intervalstyle,bytea_output,search_path,role"
    )
    users = tmp_path / "users.txt"
    users.write_text(f'"mcp_ro" "{engine.password}"\n"mcp_writer" "{engine.password}"\n')
    config = tmp_path / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = host={host} port={engine_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"auth_type = scram-sha-256\nauth_file = {users}\npool_mode = transaction\nunix_socket_dir =\n"
        f"{ignored if request.param == 'swallows' else ''}\n"
    )
    for path in (tmp_path, *tmp_path.parents):
        if path.is_relative_to("/tmp/pytest-of-root"):  # noqa: S108  another user has to read the configuration
            path.chmod(path.stat().st_mode | 0o055)
    process = subprocess.Popen([program, str(config)], stderr=subprocess.DEVNULL, **unprivileged)
    try:
        wait_for(port)
        yield engine.dsn().replace(place, f"127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int) -> None:
    """PgBouncer does not say when it listens."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("PgBouncer does not listen")


async def test_a_pooler_is_noticed_and_worked_with(pooled: str) -> None:
    settings = Settings(databases=[Secret(pooled)], notify_channel="changes", pool=3)
    async with connect(server, settings) as c:
        info = await c.call("server_info")
        rows = await c.call("query", sql="select id, v from t where id = $1", params=[5])
        again = await c.call("query", sql="select id, v from t where id = $1", params=[6])
        settings_now = await c.call("query", sql="show transaction_read_only")
        timeout = await c.call("query", sql="select current_setting('lock_timeout'), current_setting('intervalstyle')")
        refused = await c.call("query", sql="select writing()")
        page = await c.call("query", sql="select id from t order by id", limit=10)
        more = await c.call("query", sql="select id from t order by id", limit=10, cursor=page.data["next_cursor"])
        plan = await c.call("explain", sql="select * from t where id = $1")
    for result in (info, rows, again, settings_now, timeout, page, more, plan):
        assert not result.is_error, result.text
    assert info.data["pooler"] is not None
    assert (rows.data["rows"], again.data["rows"]) == ([[5, "value 5"]], [[6, "value 6"]])
    assert settings_now.data["rows"] == [["on"]]
    assert timeout.data["rows"] == [["5s", "postgres"]]
    assert refused.error_code == "read_only"
    assert more.data["rows"][0] == [11]
    assert more.data["re_executed"] is True
    assert "t_pkey" in plan.data["plan"]

"""No packet leaves but through the proxy: a browser in a network of its own, where each one is seen."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parent / "sealed_network.py"
FULL = shutil.which("chromium")
MOST_SECONDS = 120
UNSHARE = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]


async def output(*command: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(MOST_SECONDS):
            told, error = await process.communicate()
    except TimeoutError:
        process.terminate()
        raise
    return process.returncode, told.decode(), error.decode()


async def sealed(executable: str) -> Any:
    code, _, error = await output(*UNSHARE, "ip", "link", "set", "lo", "up")
    if code != 0:
        pytest.skip(f"the kernel gives no network of one's own here: {error.strip()}")
    code, told, error = await output(*UNSHARE, sys.executable, str(PROGRAM), executable)
    assert code == 0, error
    return json.loads(told)


@pytest.mark.slow
async def test_every_packet_goes_to_the_proxy_whatever_a_page_tries(chromium: str) -> None:
    """Cases 19 and 20, on the wire: names, STUN, TURN, QUIC, WebSockets, workers, reports, Chromium's own calls.

    Every name has an address there and every address takes connections, and none is asked for and none is reached.
    Full Chromium has more to say than headless-shell, so it is looked at as well where there is one.
    """
    async with asyncio.TaskGroup() as group:
        kinds = [group.create_task(sealed(path)) for path in {chromium, FULL or chromium}]
    for found in (kind.result() for kind in kinds):
        allowed = {("tcp", "127.0.0.1", port) for port in [*found["proxies"], found["site"]]}
        assert {(*where,) for where in found["seen"]} == allowed
        assert found["asked"] == []
        assert found["taken"] == []
        heard = {(protocol, where) for protocol, where, _ in found["control"]}
        assert {("tcp", "203.0.113.9"), ("udp", "203.0.113.9")} <= heard  # what there is to see is seen
        strangers = [where for where in found["blocked"] if ".example" not in where and "10.9.8.7" not in where]
        assert strangers == []
        assert len(found["blocked"]) > 50, found  # the pages did try

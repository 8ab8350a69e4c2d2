"""What the operator gives every session: a state, a script, a device, a profile, a browser that runs already."""

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

from mcp_protocol.client import Client, Command

Browse = Any
Site = Any


async def test_every_session_begins_with_the_operators_state_and_script(
    browse: Browse, site: Site, ok: Any, tmp_path: Path
) -> None:
    state = {
        "cookies": [
            {"name": "a", "value": "b", "domain": "127.0.0.1", "path": "/", "expires": -1, "httpOnly": False,
             "secure": False, "sameSite": "Lax"}
        ],
        "origins": [{"origin": site.url, "localStorage": [{"name": "k", "value": "v"}]}],
    }  # fmt: skip
    (tmp_path / "state.json").write_text(json.dumps(state))
    (tmp_path / "init.js").write_text("window.begun = 'yes';")
    look = "() => [document.cookie, localStorage.k, window.begun, navigator.userAgent]"
    async with browse(
        storage_state=tmp_path / "state.json", init_script=tmp_path / "init.js", device="Pixel 7", snapshot="none"
    ) as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        found = ok(await client.call("browser_evaluate", function=look)).data["result"]
    assert found[:3] == ["a=b", "v", "yes"]
    assert "Pixel 7" in found[3]


async def opened(url: str, *arguments: str) -> tuple[str, str]:
    """What a page of a server of its own has in its storage, before and after a visit."""
    command = Command([sys.executable, "-m", "mcp_ref_browser", *arguments], stderr="keep")
    async with Client(command) as client:
        shown = await client.call_tool("browser_navigate", {"url": url, "snapshot": "none"})
        assert not shown.is_error, shown.content
        kept = await client.call_tool("browser_evaluate", {"function": "() => localStorage.kept || 'nothing'"})
        await client.call_tool("browser_evaluate", {"function": "() => { localStorage.kept = 'something' }"})
        refused = await client.call_tool("browser_navigate", {"url": "http://127.0.0.1:9/"})
    assert kept.structured_content
    return kept.structured_content["result"], str(refused.content)


async def test_a_profile_is_kept_and_guarded(chromium: str, site: Site, tmp_path: Path) -> None:
    del chromium
    arguments = ("--user-data-dir", str(tmp_path / "profile"), "--allowed-origins", site.url)
    first, refused = await opened(f"{site.url}/blank", *arguments)
    second, _ = await opened(f"{site.url}/blank", *arguments)
    assert (first, second) == ("nothing", "something")
    assert "blocked_origin" in refused


async def test_a_browser_that_runs_already_can_be_used(chromium: str, site: Site, tmp_path: Path) -> None:
    """Case 25, with the operator's word for it."""
    process = await asyncio.create_subprocess_exec(
        chromium, "--headless", "--no-sandbox", "--remote-debugging-port=0", f"--user-data-dir={tmp_path}",
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr
    try:
        async with asyncio.timeout(20):
            while not (found := re.search(rb"ws://[^/]+", await process.stderr.readline())):
                assert process.returncode is None
        endpoint = found[0].decode().replace("ws:", "http:")
        kept, _ = await opened(f"{site.url}/blank", "--cdp-endpoint", endpoint, "--allow-private-ips", "--trust-cdp")
    finally:
        process.kill()
        await process.wait()
    assert kept == "nothing"

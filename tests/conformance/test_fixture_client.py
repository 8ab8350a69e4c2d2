"""The fixture client as the suite starts it, without the suite: a process, told by its environment."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.authority import Authority, Resource, opened

CLIENT = Path(__file__).with_name("client.py")
SECONDS = 30


async def play(resource: Resource, scenario: str, **context: Any) -> tuple[int | None, str]:
    """The exit code and stderr of the client in one scenario."""
    told = {
        "MCP_CONFORMANCE_SCENARIO": scenario,
        "MCP_CONFORMANCE_PROTOCOL_VERSION": "2026-07-28",
        "MCP_CONFORMANCE_CONTEXT": json.dumps(context),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(CLIENT), resource.url, env={**os.environ, **told}, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(SECONDS):
        _, stderr = await process.communicate()
    return process.returncode, stderr.decode()


async def test_it_signs_in_and_uses_the_tools() -> None:
    resource = Resource(Authority())
    async with opened(resource.authority, resource):
        code, stderr = await play(resource, "auth/any")
    assert (code, "Traceback" in stderr) == (0, False)
    assert [asked.json["method"] for asked in resource.at("/mcp")] == ["server/discover"] * 2 + ["tools/list"]


async def test_it_takes_what_the_scenario_needs_from_the_context() -> None:
    resource = Resource(Authority())
    async with opened(resource.authority, resource):
        code, _ = await play(resource, "auth/wif-jwt-bearer", client_id="w", valid_jwt="word")
    assert (code, resource.authority.at("/token")[0].form["assertion"]) == (0, "word")


@pytest.mark.parametrize("member", ["resource", "issuer"])
async def test_it_stops_where_the_flow_must_stop(member: str) -> None:
    resource = Resource(Authority())
    async with opened(resource.authority, resource):
        documents = {"resource": resource.metadata, "issuer": resource.authority.metadata}
        documents[member][member] = "https://evil.example"
        code, stderr = await play(resource, "auth/any")
    assert (code, "AuthorizationFailed" in stderr) == (1, True)
    assert resource.authority.at("/authorize") == []

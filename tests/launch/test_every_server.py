"""What a host expects of any server, whatever it serves: hello, lists, refusals and a clean end, in every revision."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mcp_protocol.revisions import Revision
from tests.launch.raw import HttpPeer, StdioPeer, listening, message
from tests.launch.servers import ARGUMENTS, command

each_server = pytest.mark.parametrize("name", ARGUMENTS)
each_revision = pytest.mark.parametrize("revision", [revision.value for revision in Revision])
HINTS = {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    return work


def is_a_schema(schema: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


def looks_like_a_server(peer: StdioPeer | HttpPeer, revision: str) -> None:
    """The lists are whole and the same twice; every tool is described."""
    hello = peer.open(revision)
    assert "tools" in hello["capabilities"]
    listed = peer.request("tools/list")
    assert listed["tools"] == peer.request("tools/list")["tools"]
    for tool in listed["tools"]:
        assert tool["description"]
        is_a_schema(tool["inputSchema"])
        assert tool["inputSchema"]["additionalProperties"] is False
    for method, key in (("resources/templates/list", "resourceTemplates"), ("prompts/list", "prompts")):
        if method.split("/", maxsplit=1)[0] in hello["capabilities"]:
            assert key in peer.request(method)


@each_server
@each_revision
def test_a_server_speaks_every_revision_on_stdio(name: str, revision: str, place: Path) -> None:
    with StdioPeer(command(name, place)) as peer:
        looks_like_a_server(peer, revision)
        peer.send(message(revision, "tools/call", {"name": "no_such_tool", "arguments": {}}, ident="unknown"))
        assert peer.receive()["error"]["code"] == -32602
        assert peer.end() == 0
        assert "Traceback" not in peer.stderr


@each_server
def test_a_server_speaks_every_revision_on_http(name: str, place: Path) -> None:
    with listening(command(name, place)) as (launched, url):
        for revision in Revision:
            looks_like_a_server(HttpPeer(url), revision.value)
        assert "Traceback" not in launched.stderr


@each_server
def test_every_tool_says_how_it_behaves(name: str, place: Path) -> None:
    """All four hints, and an output schema that is one."""
    with StdioPeer([*command(name, place), "--toolsets", "all"]) as peer:
        peer.open("2026-07-28")
        for tool in peer.request("tools/list")["tools"]:
            assert set(tool["annotations"]) >= HINTS, tool["name"]
            is_a_schema(tool["outputSchema"])


@each_server
@pytest.mark.parametrize("wrong", [["--no-such-flag"], ["--toolsets", "nonsense"], ["--port", "many"]])
def test_a_bad_setting_is_one_sentence_and_exit_code_2(name: str, wrong: list[str], place: Path) -> None:
    with StdioPeer([*command(name, place), *wrong]) as peer:
        assert peer.process.wait(10) == 2
        peer.wait_for(r"\S")
        assert len(peer.stderr.strip().splitlines()) <= 2
        assert "Traceback" not in peer.stderr

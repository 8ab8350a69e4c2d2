"""A client's roots through the protocol, in both eras."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol import Root
from mcp_protocol.client import Answers, Client, Command
from mcp_protocol.testing import Connection, connect, raw_peer
from mcp_ref_filesystem import Settings, server

both_eras = pytest.mark.parametrize("revision", ["2025-06-18", "2026-07-28"])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("R/sub", "R/other", "R-evil"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def settings(home: Path, **more: Any) -> Settings:
    given: dict[str, Any] = {"dirs": [f"{home}/R"], "history_dir": home / "history"}
    return Settings(**given | more)


def roots(*paths: object) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
    """A client that names these roots."""
    return {"roots/list": lambda _: {"roots": [{"uri": f"file://{path}"} for path in paths]}}


async def made(client: Connection, path: object) -> str:
    """`made`, or the code of the error."""
    result = await client.call("create_directory", path=str(path))
    return result.error_code or "made"


@both_eras
async def test_a_root_inside_narrows_the_directory(home: Path, revision: str) -> None:
    """FS7."""
    async with connect(server, settings(home), revision=revision, answers=roots(f"{home}/R/sub")) as client:
        assert await made(client, f"{home}/R/sub/a") == "made"
        assert await made(client, "b") == "made"
        assert await made(client, f"{home}/R/other/c") == "denied_outside_root"
        assert await made(client, f"{home}/R-evil/d") == "denied_outside_root"
    assert sorted(path.name for path in (home / "R/sub").iterdir()) == ["a", "b"]


@both_eras
async def test_a_root_around_widens_nothing(home: Path, revision: str) -> None:
    """FS7: the official server replaces its directories by roots; `file:///` then opened everything."""
    async with connect(server, settings(home), revision=revision, answers=roots("/")) as client:
        assert await made(client, f"{home}/R/other/a") == "made"
        assert await made(client, f"{home}/R-evil/b") == "denied_outside_root"


@both_eras
@pytest.mark.parametrize("given", [["/elsewhere"], []])
async def test_roots_apart_from_the_directories_leave_nothing(home: Path, revision: str, given: list[str]) -> None:
    """FS7."""
    async with connect(server, settings(home), revision=revision, answers=roots(*given)) as client:
        result = await client.call("create_directory", path=f"{home}/R/a")
    assert result.error_code == "denied_outside_root"
    assert f"{home}/R" in result.text
    assert all(path in result.text for path in given)


@both_eras
async def test_a_client_without_roots_is_never_asked(home: Path, revision: str) -> None:
    """FS7."""
    async with connect(server, settings(home), revision=revision) as client:
        assert await made(client, f"{home}/R/a") == "made"
    async with connect(server, settings(home, roots="require"), revision=revision) as client:
        result = await client.call("create_directory", path=f"{home}/R/b")
    assert result.error_code == "denied_outside_root"
    assert "needs a client that names its roots" in result.text


@both_eras
async def test_roots_can_be_switched_off(home: Path, revision: str) -> None:
    answers = roots(f"{home}/R/sub")
    async with connect(server, settings(home, roots="off"), revision=revision, answers=answers) as client:
        assert await made(client, f"{home}/R/other/a") == "made"


@both_eras
async def test_roots_can_be_the_only_directories(home: Path, revision: str) -> None:
    alone = settings(home, dirs=[], roots="require")
    async with connect(server, alone, revision=revision, answers=roots(f"{home}/R")) as client:
        assert await made(client, f"{home}/R/a") == "made"
        assert await made(client, f"{home}/R-evil/a") == "denied_outside_root"
    async with connect(server, alone, revision=revision, answers=roots(home)) as client:
        assert await made(client, f"{home}/history/a") == "denied_policy"


async def test_changed_roots_hold_from_then_on(home: Path) -> None:
    now = [f"file://{home}/R/sub"]
    answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "roots/list": lambda _: {"roots": [{"uri": uri} for uri in now]}
    }
    async with connect(server, settings(home), revision="2025-06-18", answers=answers) as client:
        assert await made(client, f"{home}/R/other/a") == "denied_outside_root"
        now[:] = [f"file://{home}/R/other"]
        assert await made(client, f"{home}/R/other/a") == "denied_outside_root"
        await client.peer.send({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"})
        assert await made(client, f"{home}/R/other/a") == "made"
        assert await made(client, f"{home}/R/sub/a") == "denied_outside_root"


@both_eras
async def test_a_root_with_a_space_and_other_letters_is_understood(home: Path, revision: str) -> None:
    """FS8."""
    (home / "R/with space é").mkdir()
    async with connect(
        server, settings(home), revision=revision, answers=roots(f"{home}/R/with%20space%20é")
    ) as client:
        assert await made(client, "a") == "made"
        assert await made(client, f"{home}/R/with space é/b") == "made"
    assert len(list((home / "R/with space é").iterdir())) == 2


@both_eras
async def test_a_call_with_two_paths_asks_once(home: Path, revision: str) -> None:
    asked: list[str] = []

    def answer(_: dict[str, Any]) -> dict[str, Any]:
        asked.append("roots")
        return {"roots": [{"uri": f"file://{home}/R"}]}

    async with connect(server, settings(home), revision=revision, answers={"roots/list": answer}) as client:
        result = await client.call("move_file", source=f"{home}/R/sub", destination=f"{home}/R/moved")
    assert result.error_code is None, result.text
    assert asked == ["roots"]


async def test_a_client_that_will_not_tell_its_roots_gets_what_the_operator_allows(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with raw_peer(server, settings(home), revision="2025-06-18", capabilities={"roots": {}}) as peer:
        params = {"name": "create_directory", "arguments": {"path": f"{home}/R/a"}}
        call = await peer.begin("tools/call", params)
        while not peer.requests:
            await peer.pump()
        error = {"code": -32603, "message": "no roots today"}
        await peer.send({"jsonrpc": "2.0", "id": peer.requests.pop()["id"], "error": error})
        reply = await peer.reply(call)
    assert "isError" not in reply["result"]
    assert (home / "R/a").is_dir()
    assert "did not tell its roots" in caplog.text


@both_eras
async def test_on_stdio_one_answer_serves_many_calls(home: Path, revision: str) -> None:
    """A session asks once; without sessions an answer counts for half a minute, as there is one client for good."""
    asked: list[str] = []

    async def answer() -> list[Root]:
        asked.append("roots")
        return [Root(uri=f"file://{home}/R/sub")]

    argv = [sys.executable, "-m", "mcp_ref_filesystem", f"{home}/R", "--history-dir", f"{home}/history"]
    async with Client(Command(argv, stderr="keep"), revision=revision, answers=Answers(roots=answer)) as client:
        for number in range(3):
            assert not (await client.call_tool("create_directory", {"path": f"{number}"})).is_error
        assert (await client.call_tool("create_directory", {"path": f"{home}/R/other/x"})).is_error
    assert asked == ["roots"]
    assert sorted(path.name for path in (home / "R/sub").iterdir()) == ["0", "1", "2"]

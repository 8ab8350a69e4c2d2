"""Watching: the native watcher, listeners, wait_for_change, subscriptions in both eras."""

import asyncio
import gc
import importlib
import os
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol import ToolError
from mcp_protocol.testing import RawPeer, connect, raw_peer
from mcp_ref_filesystem.change.atomic import TEMPORARY_PREFIX
from mcp_ref_filesystem.server import server
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.watching import listeners as watching
from mcp_ref_filesystem.watching.listeners import listen
from mcp_ref_kit import watching as natives
from mcp_ref_kit.watching import Listener, Watchers

Bench = Any
SECONDS = 5


@pytest.fixture
async def watchers() -> AsyncGenerator[Watchers]:
    made = Watchers("test", unseen=TEMPORARY_PREFIX)
    yield made
    await asyncio.to_thread(made.close)


async def begin(watchers: Watchers, bench: Bench, path: str, *, recursive: bool = False) -> Listener:
    listener = Listener()
    await asyncio.to_thread(listen, watchers, listener, bench.at(path), recursive=recursive)
    return listener


async def changes(listener: Listener, *paths: str) -> set[tuple[str, str]]:
    """All changes until each of the paths has had one."""
    found: set[tuple[str, str]] = set()
    async with asyncio.timeout(SECONDS):
        while not found or not {path for path, _ in found} >= set(paths):
            await listener.wait()
            found |= set(listener.take())
    return found


async def test_a_directory_tells_of_its_entries(bench: Bench, watchers: Watchers) -> None:
    (bench.path / "old").touch()
    listener = await begin(watchers, bench, ".")
    (bench.path / "new").touch()
    (bench.path / "old").unlink()
    assert await changes(listener, "new", "old") >= {("new", "created"), ("old", "deleted")}


async def test_a_file_tells_only_of_itself_even_when_it_is_replaced(bench: Bench, watchers: Watchers) -> None:
    (bench.path / "f").write_text("1")
    listener = await begin(watchers, bench, "f")
    (bench.path / "other").write_text("x")
    (bench.path / "f").write_text("2")
    assert await changes(listener) == {("f", "modified")}
    (bench.path / "draft").write_text("3")
    (bench.path / "draft").rename(bench.path / "f")
    assert {path for path, _ in await changes(listener)} == {"f"}


async def test_a_file_that_is_yet_to_be_made_is_waited_for(bench: Bench, watchers: Watchers) -> None:
    listener = await begin(watchers, bench, "later")
    (bench.path / "later").touch()
    assert ("later", "created") in await changes(listener)


async def test_our_own_temporary_files_are_not_told_of(bench: Bench, watchers: Watchers) -> None:
    listener = await begin(watchers, bench, ".")
    (bench.path / f"{TEMPORARY_PREFIX}x").touch()
    (bench.path / "real").touch()
    assert {path for path, _ in await changes(listener)} == {"real"}


async def test_beneath_a_directory_everything_is_told_of(bench: Bench, watchers: Watchers) -> None:
    (bench.path / "d" / "e").mkdir(parents=True)
    (bench.path / "link").symlink_to("/usr")
    listener = await begin(watchers, bench, ".", recursive=True)
    (bench.path / "d" / "e" / "f").touch()
    assert ("d/e/f", "created") in await changes(listener)


async def test_too_many_directories_beneath_are_refused(
    bench: Bench, watchers: Watchers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MOST_BENEATH", 1)
    for name in "ab":
        (bench.path / name).mkdir()
    with pytest.raises(ToolError) as caught:
        await begin(watchers, bench, ".", recursive=True)
    assert caught.value.code == "too_large"


async def test_through_a_link_inside_the_target_is_watched(bench: Bench, watchers: Watchers) -> None:
    (bench.path / "d").mkdir()
    (bench.path / "d" / "f").touch()
    (bench.path / "link").symlink_to("d/f")
    listener = await begin(watchers, bench, "link")
    (bench.path / "d" / "f").write_text("x")
    assert await changes(listener) == {("link", "modified")}


@pytest.mark.parametrize("path", ["missing/f", "../R-evil", "../R-evil/x", "/etc", "out/x"])
async def test_what_cannot_be_read_cannot_be_watched(bench: Bench, watchers: Watchers, path: str) -> None:
    (bench.path / "out").symlink_to("../R-evil")
    with pytest.raises(ToolError) as caught:
        await begin(watchers, bench, path)
    assert caught.value.code in {"not_found", "denied_outside_root", "invalid_argument"}


async def test_a_denied_file_cannot_be_watched(strict_bench: Bench, watchers: Watchers) -> None:
    (strict_bench.path / "secret").mkdir()
    with pytest.raises(ToolError) as caught:
        await begin(watchers, strict_bench, "secret/x")
    assert caught.value.code == "denied_policy"


async def test_one_directory_is_watched_once_for_all(bench: Bench, watchers: Watchers) -> None:
    first, second = await begin(watchers, bench, "a"), await begin(watchers, bench, ".")
    assert watchers.paths == [bench.path]
    (bench.path / "a").touch()
    assert await changes(first) == {("a", "created")}
    assert await changes(second) == {("a", "created")}
    watchers.release(first)
    watchers.release(second)
    assert watchers.paths == []


async def test_the_thread_ends_when_nobody_listens_and_begins_again(bench: Bench, watchers: Watchers) -> None:
    listener = await begin(watchers, bench, ".")
    (thread,) = [one for one in threading.enumerate() if one.name == "test-watch"]
    watchers.release(listener)
    await asyncio.to_thread(thread.join, SECONDS)
    assert not thread.is_alive()
    again = await begin(watchers, bench, ".")
    (bench.path / "x").touch()
    assert await changes(again) == {("x", "created")}


async def test_what_joins_later_loses_nothing_of_what_was_there(bench: Bench, watchers: Watchers) -> None:
    (bench.path / "d").mkdir()
    first = await begin(watchers, bench, ".")
    (bench.path / "x").touch()
    second = await begin(watchers, bench, "d")
    assert ("x", "created") in await changes(first)
    (bench.path / "d" / "y").touch()
    assert ("d/y", "created") in await changes(second)


async def test_a_directory_that_goes_is_told_of_and_lost(bench: Bench, watchers: Watchers) -> None:
    (bench.path / "d").mkdir()
    listener = await begin(watchers, bench, "d")
    (bench.path / "d").rmdir()
    assert ("d", "deleted") in await changes(listener)
    assert listener.lost


async def test_only_so_many_directories_are_watched(
    bench: Bench, watchers: Watchers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(natives, "MOST_DIRECTORIES", 1)
    (bench.path / "d").mkdir()
    await begin(watchers, bench, ".")
    with pytest.raises(ToolError) as caught:
        await begin(watchers, bench, "d")
    assert (caught.value.code, caught.value.retryable) == ("busy", True)


class NoMoreWatches:
    """A system that has one watch to give."""

    @staticmethod
    def RustNotify(paths: list[str], *flags: bool) -> Any:  # noqa: N802  the library's name
        if len(paths) > 1:
            raise OSError(28, "no space left on device")
        native: Any = importlib.import_module("watchfiles._rust_notify")
        return native.RustNotify(paths, *flags[:2], 0, *flags[3:])


def no_more_watches(_name: str) -> type[NoMoreWatches]:
    return NoMoreWatches


async def test_when_the_system_refuses_the_others_go_on(
    bench: Bench, watchers: Watchers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(natives, "import_module", no_more_watches)
    (bench.path / "d").mkdir()
    first = await begin(watchers, bench, ".")
    with pytest.raises(ToolError, match="cannot be watched") as caught:
        await begin(watchers, bench, "d")
    assert caught.value.code == "io"
    (bench.path / "x").touch()
    assert await changes(first, "x") == {("x", "created")}


async def test_what_was_replaced_or_has_gone_when_another_joins_is_lost(bench: Bench, watchers: Watchers) -> None:
    for name in ("a", "b", "c"):
        (bench.path / name).mkdir()
    gone, replaced = await begin(watchers, bench, "a"), await begin(watchers, bench, "b")
    (bench.path / "a").rmdir()
    (bench.path / "b").rename(bench.path / "old")
    (bench.path / "c").rename(bench.path / "b")
    await begin(watchers, bench, ".")
    assert ("a", "deleted") in await changes(gone, "a")
    assert ("b", "deleted") in await changes(replaced, "b")
    assert (gone.lost, replaced.lost) == (True, True)


async def test_a_listener_keeps_a_bounded_number_of_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(natives, "MOST_CHANGES", 3)
    listener = Listener()
    for number in range(9):
        listener.note(str(number), "created")
    assert len(listener.take()) == 3


async def test_after_the_end_nothing_can_be_watched(bench: Bench) -> None:
    watchers = Watchers("filesystem")
    await asyncio.to_thread(watchers.close)
    with pytest.raises(ToolError):
        await begin(watchers, bench, ".")


def make(tmp_path: Path) -> Settings:
    (tmp_path / "R").mkdir()
    return Settings(dirs=[str(tmp_path / "R")], history_dir=tmp_path / "history")


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_the_tool_waits_for_the_first_change(tmp_path: Path, revision: str) -> None:
    settings = make(tmp_path)
    async with connect(server, settings, revision=revision) as client, asyncio.TaskGroup() as group:
        waiting = group.create_task(client.call("wait_for_change", paths=["."], timeoutSeconds=5))
        touching = group.create_task(keep_touching(tmp_path / "R" / "x"))
        found = await waiting
        touching.cancel()
    assert found.data["changes"][0]["path"] == "x"
    assert found.text.splitlines()[0] in {"created x", "modified x"}


async def test_the_tool_says_when_nothing_happened(tmp_path: Path) -> None:
    async with connect(server, make(tmp_path)) as client:
        found = await client.call("wait_for_change", paths=["."], timeoutSeconds=1)
    assert (found.data["changes"], found.text) == ([], "Nothing has changed.")


async def keep_touching(path: Path) -> None:
    """Change a file until the test has seen it: when watching begins is not to be seen from outside."""
    for number in range(1000):
        await asyncio.to_thread(path.write_text, str(number))
        await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_fs30_a_legacy_subscription_tells_of_changes_until_it_ends(tmp_path: Path) -> None:
    settings = make(tmp_path)
    path = tmp_path / "R" / "f"
    path.write_text("1")
    async with raw_peer(server, settings, revision="2025-11-25") as peer:
        assert (await peer.call("resources/subscribe", {"uri": path.as_uri()}))["result"] == {}
        path.write_text("2")
        assert await updated(peer) == path.as_uri()
        (tmp_path / "R" / "draft").write_text("3")
        (tmp_path / "R" / "draft").rename(path)
        assert await updated(peer) == path.as_uri()
        outside = await peer.call("resources/subscribe", {"uri": "file:///etc/passwd"})
        assert outside["error"]["code"] == -32002
        await peer.call("resources/unsubscribe", {"uri": path.as_uri()})
        gc.collect()
        path.write_text("4")
        await peer.call("resources/subscribe", {"uri": (tmp_path / "R").as_uri()})
        (tmp_path / "R" / "new").touch()
        assert await updated(peer) == (tmp_path / "R").as_uri()


@pytest.mark.slow
async def test_fs30_a_listen_tells_of_what_may_be_read(tmp_path: Path) -> None:
    settings = make(tmp_path)
    path = tmp_path / "R" / "f"
    path.write_text("1")
    wanted = {"resourceSubscriptions": [path.as_uri(), "file:///etc/passwd", f"{path.as_uri()}/none"]}
    async with raw_peer(server, settings) as peer:
        await peer.begin("subscriptions/listen", {"notifications": wanted})
        granted = await peer.notification("notifications/subscriptions/acknowledged")
        assert granted["params"]["notifications"]["resourceSubscriptions"] == [path.as_uri()]
        os.truncate(path, 0)
        assert await updated(peer) == path.as_uri()


async def test_a_directory_that_comes_back_is_listened_to_again(tmp_path: Path) -> None:
    settings = make(tmp_path)
    directory = tmp_path / "R" / "d"
    directory.mkdir()
    async with raw_peer(server, settings, revision="2025-11-25") as peer:
        await peer.call("resources/subscribe", {"uri": directory.as_uri()})
        directory.rename(tmp_path / "R" / "gone")
        directory.mkdir()
        assert await updated(peer) == directory.as_uri()
        async with asyncio.TaskGroup() as group:
            touching = group.create_task(keep_touching(directory / "x"))
            assert await updated(peer) == directory.as_uri()
            touching.cancel()


async def updated(peer: RawPeer) -> str:
    return (await peer.notification("notifications/resources/updated"))["params"]["uri"]

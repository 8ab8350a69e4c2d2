"""list_changes and undo_change through the protocol, and what the settings of history and trash change."""

from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.testing import connect
from mcp_ref_filesystem import Settings, server

both_eras = pytest.mark.parametrize("revision", ["2025-06-18", "2026-07-28"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "R"
    root.mkdir()
    return root


def settings(root: Path, *more: Path, **given: Any) -> Settings:
    return Settings(dirs=[str(one) for one in (root, *more)], history_dir=root.parent / "J", **given)


@both_eras
async def test_changes_are_listed_in_pages(root: Path, revision: str) -> None:
    async with connect(server, settings(root), revision=revision) as client:
        for name in "abcde":
            await client.call("write_file", path=name, content=name)
        names: list[str] = []
        cursor: dict[str, str] = {}
        for _ in range(3):
            page = await client.call("list_changes", limit=2, **cursor)
            names += [Path(change["paths"][0]).name for change in page.data["changes"]]
            cursor = {"cursor": page.data.get("nextCursor", "")}
            assert page.data["truncated"] == bool(cursor["cursor"])
            assert ("cursor" in page.text) == page.data["truncated"]
        assert names == ["e", "d", "c", "b", "a"]
        assert (await client.call("list_changes", cursor="forged")).error_code == "invalid_argument"
        first = await client.call("list_changes", limit=2)
        other = await client.call("list_changes", limit=3, cursor=first.data["nextCursor"])
        assert other.error_code == "invalid_argument"


@both_eras
async def test_an_undone_change_says_so_and_is_not_the_latest_any_more(root: Path, revision: str) -> None:
    async with connect(server, settings(root), revision=revision) as client:
        assert (await client.call("list_changes")).text == "No changes"
        await client.call("write_file", path="a", content="1\n")
        second = await client.call("write_file", path="a", content="2\n")
        dry = await client.call("undo_change", dryRun=True)
        assert dry.text.startswith("Undoing would restore (write_file, ")
        assert "-2\n+1\n" in dry.text
        done = await client.call("undo_change")
        assert done.data["restored"] == [str(root / "a")]
        assert (root / "a").read_text() == "1\n"
        again = await client.call("undo_change", changeId=second.data["changeId"])
        assert again.error_code == "conflict"
        rows = (await client.call("list_changes")).data["changes"]
        assert [(row["tool"], row["undone"]) for row in rows] == [
            ("undo_change", False),
            ("write_file", True),
            ("write_file", False),
        ]
        await client.call("undo_change", changeId=done.data["changeId"])
        assert (root / "a").read_text() == "2\n"


@both_eras
async def test_another_server_sees_only_what_is_in_its_directories(root: Path, revision: str) -> None:
    other = root.parent / "other"
    other.mkdir()
    async with connect(server, settings(root, other), revision=revision) as client:
        await client.call("write_file", path=str(root / "a"), content="")
        both = await client.call("move_file", source=str(root / "a"), destination=str(other / "b"))
    async with connect(server, settings(other), revision=revision) as client:
        assert (await client.call("list_changes")).data["changes"] == []
        assert (await client.call("undo_change")).error_code == "not_found"
        assert (await client.call("undo_change", changeId=both.data["changeId"])).error_code == "not_found"


async def test_without_history_only_deletions_can_be_undone(root: Path) -> None:
    async with connect(server, settings(root, history="off")) as client:
        written = await client.call("write_file", path="a", content="x")
        assert "changeId" not in written.data
        deleted = await client.call("delete_file", path="a")
        assert deleted.data["trashed"]
        assert not (await client.call("undo_change")).is_error
        assert (root / "a").read_text() == "x"


@pytest.mark.parametrize(("mode", "code"), [("read-write", "denied_policy"), ("admin", None)])
async def test_deleting_for_good_needs_admin_mode(root: Path, mode: Any, code: str | None) -> None:
    for given, arguments in (({"trash": "off"}, {}), ({}, {"permanent": True})):
        (root / "a").write_text("x")
        async with connect(server, settings(root, mode=mode, **given)) as client:
            done = await client.call("delete_file", path="a", **arguments)
        assert done.error_code == code
        assert (root / "a").exists() == (code is not None)


async def test_an_archive_of_many_files_is_one_change_with_few_paths(root: Path) -> None:
    (root / "d").mkdir()
    for number in range(40):
        (root / "d" / str(number)).write_text("two")
    async with connect(server, settings(root)) as client:
        dry = await client.call("replace_in_files", pattern="two", replacement="2")
        token = dry.data["applyToken"]
        await client.call("replace_in_files", pattern="two", replacement="2", dryRun=False, applyToken=token)
        (row,) = (await client.call("list_changes")).data["changes"]
        assert len(row["paths"]) == 21
        assert row["paths"][-1] == "... and 20 more"
        assert len((await client.call("undo_change")).data["restored"]) == 40
    assert {path.read_text() for path in (root / "d").iterdir()} == {"two"}

"""Repositories that no git program would have made so: pipes for files, trees that climb, damage, endless texts."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_ref_kit.processes import Bounds

ALL: dict[str, Any] = {"mode": "admin", "toolsets": ["all"]}
PLACES = (
    "config", "HEAD", "index", "packed-refs", "commondir", "config.worktree", "shallow", "info/exclude",
    "info/attributes", "info/grafts", "logs/HEAD", "refs/heads/main", "objects/info/alternates",
    "objects/info/commit-graph", "MERGE_HEAD", "rebase-merge/git-rebase-todo", "sequencer/todo",
)  # fmt: skip
FAST = 2.0


def put_pipe(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)


@pytest.mark.parametrize("place", PLACES)
async def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(repo: Any, desk: Any, place: str) -> None:
    """Whoever opens it waits for a writer: git until its deadline, a thread of ours for ever."""
    repo.commit("first", a="1\n")
    put_pipe(repo.dot_git / place)
    async with desk(repo, **ALL) as at:
        began = time.monotonic()
        for tool, arguments in (("git_status", {}), ("git_rebase", {"action": "continue"})):
            assert await at.refused(tool, **arguments) == "unsafe_repository"
        assert time.monotonic() - began < FAST


@pytest.mark.parametrize("place", ["config", "index", "info/exclude", "refs/heads/main", "sequencer/todo"])
async def test_a_pipe_that_appears_between_two_calls_is_seen(repo: Any, desk: Any, place: str) -> None:
    repo.commit("first", a="1\n")
    (repo.dot_git / "sequencer").mkdir()
    async with desk(repo, **ALL) as at:
        await at.ok("git_status")
        put_pipe(repo.dot_git / place)
        began = time.monotonic()
        assert await at.refused("git_status") == "unsafe_repository"
        assert time.monotonic() - began < FAST


async def test_devices_and_a_pipe_for_the_whole_git_directory_are_refused(
    repo: Any, make_repo: Callable[..., Any], desk: Any, tmp_path: Path
) -> None:
    repo.commit("first", a="1\n")
    (repo.dot_git / "config").unlink()
    (repo.dot_git / "config").symlink_to("/dev/zero")
    other = make_repo("other")
    shutil.rmtree(other.dot_git)
    os.mkfifo(other.path / ".git")
    bare = make_repo("bare.git", "--bare")
    put_pipe(bare.path / "config")
    async with desk(repository=[], root=[str(tmp_path)]) as at:
        for path in (repo.path, other.path, bare.path):
            assert await at.refused("git_status", repo_path=str(path)) in {"unsafe_repository", "not_a_repository"}


async def test_a_pipe_in_the_work_tree_costs_a_deadline_at_most(repo: Any, desk: Any) -> None:
    """git opens every `.gitignore`; the program is ended, and the next call works."""
    repo.commit("first", a="1\n")
    put_pipe(repo.path / "sub" / ".gitignore")
    repo.write("sub/new")
    async with desk(repo, timeout=1) as at:
        assert await at.refused("git_status", include_untracked="all") == "timeout"
        assert (await at.ok("git_status", include_untracked="no"))["clean"]


async def test_a_pipe_that_the_configuration_includes_costs_a_deadline_at_most(
    repo: Any, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit("first", a="1\n")
    monkeypatch.setattr("mcp_ref_git.access.discovery.LOOKING", Bounds(seconds=1))
    put_pipe(repo.path / "pipe")
    with (repo.dot_git / "config").open("a") as config:
        config.write("[include]\n\tpath = ../pipe\n")
    async with desk(repo) as at:
        assert await at.refused("git_status") == "timeout"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[broken\n", "bad config line"),
        ("[include]\n\tpath = config\n", "include depth"),
        ("[core]\n\trepositoryformatversion = 99\n", "Expected git repo version"),
        ("[core]\n\tfilemode = banana\n", "bad boolean"),
    ],
)
async def test_a_configuration_that_git_cannot_read_is_told_as_git_tells_it(
    repo: Any, desk: Any, text: str, said: str
) -> None:
    repo.commit("first", a="1\n")
    with (repo.dot_git / "config").open("a") as config:
        config.write(text)
    async with desk(repo) as at:
        result = await at.call("git_status")
    assert result.error_code == "git_failed"
    assert said in result.text


async def test_a_configuration_of_megabytes_is_refused(repo: Any, desk: Any) -> None:
    repo.commit("first", a="1\n")
    with (repo.dot_git / "config").open("a") as config:
        config.write(f"[x]\n\ty = {'z' * 9_000_000}\n")
    async with desk(repo) as at:
        assert await at.refused("git_status") == "unsafe_repository"


async def test_a_tree_that_climbs_or_writes_into_the_git_directory_goes_nowhere(repo: Any, desk: Any) -> None:
    """CVE-2014-9390 and its relatives: git refuses such names, with the protections that the server keeps on."""
    repo.commit("first", a="1\n")
    blob = bytes.fromhex(repo.git("rev-parse", "HEAD:a"))
    repo.git("config", "core.protectNTFS", "false")
    repo.git("config", "core.protectHFS", "false")
    for number, name in enumerate((b"../escape", b"..", b".GIT", b"git~1", b".g\xe2\x80\x8cit", b".git")):
        raw = b"100644 " + name + b"\0" + blob
        tree = repo.git("hash-object", "--literally", "-t", "tree", "-w", "--stdin", stdin=raw)
        commit = repo.git("commit-tree", "-m", "evil", "-p", "HEAD", tree)
        repo.git("update-ref", f"refs/heads/evil{number}", commit)
        before = repo.git("status", "--porcelain")
        async with desk(repo, **ALL) as at:
            for tool, arguments in (
                ("git_checkout", {"branch_name": f"evil{number}"}), ("git_merge", {"refs": [f"evil{number}"]}),
                ("git_cherry_pick", {"refs": [f"evil{number}"]}), ("git_show", {"revision": f"evil{number}"}),
                ("git_restore", {"paths": ["."], "source": f"evil{number}"}),
            ):  # fmt: skip
                await at.call(tool, **arguments)
            await at.ok("git_status")
        assert not (repo.path.parent / "escape").exists()
        assert {path.name.casefold() for path in repo.path.iterdir()} <= {".git", "a"}, before


async def test_texts_without_end_are_cut_and_said_to_be(repo: Any, desk: Any) -> None:
    """A commit of megabytes is a page like any other."""
    trailers = "".join(f"X-{number}: y\n" for number in range(1000))
    repo.git("commit", "-q", "--allow-empty", "-F", "-", stdin=b"s" * 100_000 + b"\n\n" + b"line\n" * 1_000_000)
    repo.git("commit", "-q", "--allow-empty", "-F", "-", stdin=f"Trailers\n\n{trailers}".encode())
    async with desk(repo) as at:
        listed = await at.call("git_log")
        shown = await at.call("git_show", revision="HEAD~1")
    last, first = listed.data["commits"]
    assert len(listed.text) < 40_000
    assert len(last["trailers"]) == 200
    assert first["subject"].endswith("[message cut; it has 100000 characters]")
    assert len(shown.text) < 110_000
    assert shown.data["body"].endswith("[message cut; it has 4999999 characters]")


async def test_times_authors_and_encodings_that_cannot_be_are_read_all_the_same(repo: Any, desk: Any) -> None:
    repo.commit("first", a="1\n")
    tree = repo.git("rev-parse", "HEAD^{tree}")
    for author in (
        "author A <a@b> -100 +0000", "author A <a@b> 99999999999999999 +9999", "author A <a@b>", "author", "",
        "author <> 0 -0000", "author A <a@b> 1 +0000\nencoding x-nonsense", "author A <a@b> 18446744073709551615 +0000",
    ):  # fmt: skip
        lines = (f"tree {tree}", f"parent {repo.head}", *filter(None, [author]), "committer A <a@b> 1 +0000", "", "odd")
        raw = "\n".join(lines).encode()
        odd = repo.git("hash-object", "--literally", "-t", "commit", "-w", "--stdin", stdin=raw)
        repo.git("update-ref", "refs/heads/main", odd)
    async with desk(repo, **ALL) as at:
        assert len((await at.ok("git_log", stat=True))["commits"]) == 9
        for tool, arguments in (
            ("git_show", {"revision": "HEAD"}), ("git_blame", {"path": "a", "revision": "HEAD"}), ("git_branch", {}),
            ("git_shortlog", {}), ("git_log", {"start_timestamp": "2000-01-01"}),
        ):  # fmt: skip
            await at.ok(tool, **arguments)


async def test_programs_of_nested_submodules_do_not_run(
    repo: Any, make_repo: Callable[..., Any], marker: Any, arms: Callable[[Any], None], desk: Any
) -> None:
    """GT1: absorbed ones, two deep, each with a configuration and hooks of its own."""
    allow = ("-c", "protocol.file.allow=always")
    make_repo("inner").commit("inner", x="1\n")
    middle = make_repo("middle")
    middle.git(*allow, "submodule", "add", "-q", str(repo.path.parent / "inner"), "inner")
    middle.commit("middle", y="1\n")
    repo.git(*allow, "submodule", "add", "-q", str(middle.path), "middle")
    repo.git(*allow, "submodule", "update", "--init", "--recursive", "-q")
    repo.commit("outer", z="1\n")
    for place in ("modules/middle", "modules/middle/modules/inner"):
        arms(type("Inner", (), {"dot_git": repo.dot_git / place}))
    for name in ("middle/y", "middle/inner/x"):
        repo.write(name, "changed\n")
        os.utime(repo.path / name, (1, 1))
    async with desk(repo, **ALL) as at:
        for tool, arguments in (
            ("git_status", {}), ("git_diff_unstaged", {}), ("git_add", {"files": ["."]}), ("git_diff_staged", {}),
            ("git_commit", {"message": "m", "allow_empty": True}), ("git_create_branch", {"branch_name": "new"}),
            ("git_checkout", {"branch_name": "new"}), ("git_stash_push", {}), ("git_submodules", {}),
        ):  # fmt: skip
            await at.call(tool, **arguments)
            assert marker.seen == "", tool


async def test_a_repository_that_is_replaced_between_calls_is_another(
    repo: Any, make_repo: Callable[..., Any], marker: Any, arms: Callable[[Any], None], desk: Any
) -> None:
    repo.commit("first", a__bin=b"1")
    evil = make_repo("other")
    evil.commit("evil", a__bin=b"1")
    arms(evil)
    async with desk(repo) as at:
        await at.ok("git_status")
        repo.dot_git.rename(repo.path.parent / "before")
        evil.dot_git.rename(repo.path / ".git")
        repo.write("a.bin", b"2")
        assert (await at.ok("git_status"))["head"] == repo.head
        await at.ok("git_add", files=["a.bin"])
    assert marker.seen == ""

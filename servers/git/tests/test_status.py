"""git_repositories and git_status: fields, groups, pages, odd names."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


@each_era
async def test_status_tells_branch_and_groups(repo: Any, desk: Any, revision: str) -> None:
    head = repo.commit(a="1\n", b="1\n", c="1\n")
    repo.write("a", "2\n")
    repo.git("mv", "b", "moved")
    repo.git("rm", "-q", "c")
    repo.write("new/file")
    async with desk(repo, revision=revision) as at:
        seen = await at.ok("git_status")
    assert (seen["branch"], seen["head"], seen["detached"], seen["unborn"], seen["clean"]) == (
        "main", head, False, False, False,
    )  # fmt: skip
    assert seen["unstaged"] == [{"path": "a", "status": "modified"}]
    assert {(one["path"], one["status"], one.get("old_path")) for one in seen["staged"]} == {
        ("c", "deleted", None), ("moved", "renamed", "b"),
    }  # fmt: skip
    assert seen["untracked"] == [{"path": "new/", "status": "untracked"}]


async def test_untracked_files_can_be_told_one_by_one_or_not_at_all(repo: Any, desk: Any) -> None:
    repo.commit(__gitignore="*.log\n")
    repo.write("new/file")
    repo.write("x.log")
    async with desk(repo) as at:
        whole = await at.ok("git_status", include_untracked="all", include_ignored=True)
        none = await at.ok("git_status", include_untracked="no")
    assert [one["path"] for one in whole["untracked"]] == ["new/file"]
    assert [one["path"] for one in whole["ignored"]] == ["x.log"]
    assert (none["untracked"], none["clean"]) == ([], True)


def diverge(repo: Any) -> None:
    repo.commit(a="1\n")
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("side", a="side\n")
    repo.git("checkout", "-q", "main")
    repo.commit("main", a="main\n")


@pytest.mark.parametrize(
    ("command", "operation"),
    [
        (("merge", "side"), "merge"),
        (("rebase", "side"), "rebase"),
        (("cherry-pick", "side"), "cherry-pick"),
        (("revert", "--no-edit", "HEAD~1"), "revert"),
    ],
)
async def test_gt10_what_is_under_way(repo: Any, desk: Any, command: tuple[str, ...], operation: str) -> None:
    """GT10."""
    diverge(repo)
    repo.git(*command, check=False)
    async with desk(repo) as at:
        seen = await at.ok("git_status")
    assert seen["operation"] == operation
    assert [one["path"] for one in seen["conflicts"]] == ["a"]


async def test_gt10_bisecting_and_bare(repo: Any, make_repo: Callable[..., Any], desk: Any) -> None:
    """GT10."""
    repo.commit(a="1\n")
    repo.git("bisect", "start")
    bare = make_repo("bare.git", "--bare")
    bare.git("fetch", "-q", str(repo.path), "main:main")
    async with desk(repo) as at:
        assert (await at.ok("git_status"))["operation"] == "bisect"
    async with desk(bare) as at:
        seen = await at.ok("git_status")
        assert (seen["bare"], seen["branch"], seen["head"]) == (True, "main", repo.head)
        assert await at.refused("git_diff_unstaged") == "invalid_argument"
        assert (await at.ok("git_log"))["commits"][0]["hash"] == repo.head


async def test_long_lists_go_on_with_a_cursor(repo: Any, desk: Any) -> None:
    for number in range(25):
        repo.write(f"f{number:02}")
    async with desk(repo) as at:
        paths: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await at.ok("git_status", limit=10, **cursor)
            paths += [one["path"] for one in page["untracked"]]
            if not page["truncated"]:
                break
            assert page["truncation"] == {"reason": "limit", "shown": 10, "total": 25}
            cursor = {"cursor": page["next_cursor"]}
        assert await at.refused("git_status", limit=5, **cursor) == "invalid_argument"
    assert paths == [f"f{number:02}" for number in range(25)]


async def test_ahead_behind_and_a_stash_are_counted(repo: Any, make_repo: Callable[..., Any], desk: Any) -> None:
    repo.commit(a="1\n")
    other = make_repo("other")
    other.git("pull", "-q", str(repo.path), "main")
    other.git("remote", "add", "origin", str(repo.path))
    other.git("fetch", "-q", "origin")
    other.git("branch", "-q", "--set-upstream-to=origin/main")
    other.commit("ahead", b="1\n")
    other.write("b", "2\n")
    other.git("stash", "-q")
    async with desk(other) as at:
        seen = await at.ok("git_status")
    assert (seen["upstream"], seen["ahead"], seen["behind"], seen["stash_count"]) == ("origin/main", 1, 0, 1)


async def test_repositories_are_listed_with_their_state(repo: Any, make_repo: Callable[..., Any], desk: Any) -> None:
    repo.commit(a="1\n")
    repo.write("a", "2\n")
    other = make_repo("sub/repo")
    async with desk(repo, other) as at:
        found = await at.ok("git_repositories")
    assert [(one["name"], one["branch"], one["dirty"]) for one in found["repositories"]] == [
        ("repo", "main", True), ("sub~repo", "main", False),
    ]  # fmt: skip
    assert found["roots"] == {"mode": "narrow", "client": []}


async def test_a_root_is_searched_for_repositories(tmp_path: Path, make_repo: Callable[..., Any], desk: Any) -> None:
    for name in ("group/one", "two"):
        make_repo(name)
    make_repo("bare.git", "--bare")
    (tmp_path / "link").symlink_to(tmp_path / "two")
    async with desk(root=[str(tmp_path)], repository=[]) as at:
        found = await at.ok("git_repositories")
        assert [one["name"] for one in found["repositories"]] == ["bare.git", "one", "two"]
        assert (await at.ok("git_status", repo_path="one"))["unborn"]

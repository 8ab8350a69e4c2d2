"""GT3 and its relatives: every part of a repository that could lie elsewhere, and where it then leads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ALL: dict[str, Any] = {"mode": "admin", "toolsets": ["all"]}
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


def gitfile(inside: Any, outside: Any) -> None:
    remove(inside.path / ".git")
    (inside.path / ".git").write_text(f"gitdir: {outside.path}/.git\n")


def git_link(inside: Any, outside: Any) -> None:
    remove(inside.path / ".git")
    (inside.path / ".git").symlink_to(outside.path / ".git")


def alternates(inside: Any, outside: Any) -> None:
    path = inside.dot_git / "objects" / "info" / "alternates"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# a comment\n../../../{outside.path.name}/.git/objects\n")


def quoted_alternates(inside: Any, outside: Any) -> None:
    path = inside.dot_git / "objects" / "info" / "alternates"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'"{outside.path}/.git/objects"\n')


def chained_alternates(inside: Any, outside: Any) -> None:
    middle = inside.path / "middle" / "info"
    middle.mkdir(parents=True)
    (middle / "alternates").write_text(f"{outside.path}/.git/objects\n")
    alternates_of = inside.dot_git / "objects" / "info"
    alternates_of.mkdir(exist_ok=True)
    (alternates_of / "alternates").write_text(f"{middle.parent}\n")


def objects_link(inside: Any, outside: Any) -> None:
    remove(inside.dot_git / "objects")
    (inside.dot_git / "objects").symlink_to(outside.path / ".git" / "objects")


def one_object_link(inside: Any, outside: Any) -> None:
    head = outside.head
    place = inside.dot_git / "objects" / head[:2]
    place.mkdir(exist_ok=True)
    (place / head[2:]).symlink_to(outside.path / ".git" / "objects" / head[:2] / head[2:])


def refs_link(inside: Any, outside: Any) -> None:
    (inside.dot_git / "refs" / "heads" / "evil").symlink_to(outside.path / ".git" / "refs" / "heads" / "main")


def packed_refs_link(inside: Any, outside: Any) -> None:
    outside.git("pack-refs", "--all")
    (inside.dot_git / "packed-refs").symlink_to(outside.path / ".git" / "packed-refs")


def head_link(inside: Any, outside: Any) -> None:
    (inside.dot_git / "HEAD").unlink()
    (inside.dot_git / "HEAD").symlink_to(outside.path / ".git" / "HEAD")


def index_link(inside: Any, outside: Any) -> None:
    (inside.dot_git / "index").unlink()
    (inside.dot_git / "index").symlink_to(outside.path / ".git" / "index")


def config_link(inside: Any, outside: Any) -> None:
    (inside.dot_git / "config").unlink()
    (inside.dot_git / "config").symlink_to(outside.path / ".git" / "config")


def common_dir(inside: Any, outside: Any) -> None:
    (inside.dot_git / "commondir").write_text(f"{outside.path}/.git\n")


def work_tree(inside: Any, _outside: Any) -> None:
    inside.git("config", "core.worktree", "/")


def work_tree_beside(inside: Any, outside: Any) -> None:
    inside.git("config", "core.worktree", str(outside.path))


WAYS = (
    gitfile, git_link, alternates, quoted_alternates, chained_alternates, objects_link, one_object_link, refs_link,
    packed_refs_link, head_link, index_link, config_link, common_dir, work_tree, work_tree_beside,
)  # fmt: skip


REFUSALS = {"unsafe_repository", "denied_outside_root", "not_a_repository"}


def remove(path: Path) -> None:
    for one in sorted(path.rglob("*"), reverse=True):
        one.rmdir() if one.is_dir() and not one.is_symlink() else one.unlink()
    path.rmdir()


@pytest.fixture
def outside(make_repo: Callable[..., Any]) -> Any:
    repo = make_repo("outside")
    repo.write("secret", "the secret of the neighbour\n")
    repo.commit("the secret")
    return repo


@each_era
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_a_part_that_lies_outside_makes_the_repository_unsafe(
    repo: Any, outside: Any, desk: Any, way: Callable[[Any, Any], None], revision: str
) -> None:
    """GT3."""
    repo.commit("first", a="1\n")
    secret = outside.head
    way(repo, outside)
    async with desk(repo, revision=revision, **ALL) as at:
        for tool, arguments in (
            ("git_status", {}), ("git_log", {}), ("git_show", {"revision": secret}), ("git_show", {"revision": "HEAD"}),
            ("git_ls_files", {}), ("git_branch", {}), ("git_add", {"files": ["."]}), ("git_diff_unstaged", {}),
            ("git_grep", {"pattern": "secret"}), ("git_config_get", {"name": "user.name"}), ("git_remotes", {}),
        ):  # fmt: skip
            result = await at.call(tool, **arguments)
            assert result.error_code in {"unsafe_repository", "denied_outside_root", "not_a_repository"}, (
                tool,
                result.text,
            )
            assert "neighbour" not in result.text
            assert str(outside.path) not in result.text
        listed = await at.ok("git_repositories")
        assert "error" in listed["repositories"][0]


@pytest.mark.parametrize(
    "way", [alternates, refs_link, one_object_link, config_link, index_link], ids=lambda way: way.__name__
)
async def test_a_link_that_appears_between_two_calls_is_found(
    repo: Any, outside: Any, desk: Any, way: Callable[[Any, Any], None]
) -> None:
    """GT3: what was looked at before is looked at again where it has changed."""
    repo.commit("first", a="1\n")
    async with desk(repo, **ALL) as at:
        await at.ok("git_status")
        way(repo, outside)
        assert await at.refused("git_status") == "unsafe_repository"


async def test_a_link_inside_of_what_is_allowed_is_fine(repo: Any, outside: Any, desk: Any, tmp_path: Path) -> None:
    repo.commit("first", a="1\n")
    alternates(repo, outside)
    async with desk(root=[str(tmp_path)], repository=[], **ALL) as at:
        shown = await at.ok("git_show", repo_path=str(repo.path), revision=outside.head)
    assert shown["subject"] == "the secret"


async def test_files_behind_links_of_the_work_tree_are_neither_read_nor_written(
    repo: Any, outside: Any, desk: Any
) -> None:
    """CVE-2025-53109's relatives: a link in the tree shows its text."""
    (repo.path / "file").symlink_to(outside.path / "secret")
    (repo.path / "dir").symlink_to(outside.path)
    repo.commit("links")
    async with desk(repo, **ALL) as at:
        assert (await at.ok("git_show", revision="HEAD:file"))["content"] == str(outside.path / "secret")
        for tool, arguments in (
            ("git_add", {"files": ["dir/secret"]}), ("git_restore", {"paths": ["dir/secret"]}),
            ("git_diff_unstaged", {"paths": ["dir/secret"]}), ("git_blame", {"path": "dir/secret"}),
            ("git_clean", {"paths": ["dir/secret"], "dry_run": False}), ("git_log", {"paths": ["dir/secret"]}),
            ("git_check_ignore", {"paths": ["dir/secret"]}), ("git_stash_push", {"paths": ["dir/secret"]}),
        ):  # fmt: skip
            result = await at.call(tool, **arguments)
            assert result.error_code == "invalid_argument", (tool, result.text)
        found = await at.ok("git_grep", pattern="neighbour")
        assert found["matches"] == []
        blamed = await at.call("git_blame", path="file")
        assert "neighbour" not in blamed.text
    assert (outside.path / "secret").read_text() == "the secret of the neighbour\n"


async def test_the_repository_of_another_user_is_refused(
    repo: Any, desk: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """git's own check of ownership is left to do its work."""
    import os  # noqa: PLC0415  only here

    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    repo.commit("first", a="1\n")
    for path in (repo.path, repo.dot_git):
        os.chown(path, 65534, 65534)
    monkeypatch.setenv("HOME", str(tmp_path))
    async with desk(repo) as at:
        assert await at.refused("git_status") == "unsafe_repository"

"""Which repository a call means, and what the client's roots leave of what the operator allows."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol import SettingsError
from mcp_protocol.testing import connect
from mcp_ref_git import Settings, server

both_eras = pytest.mark.parametrize("revision", ["2025-06-18", "2026-07-28"])


def roots(*paths: object) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
    return {"roots/list": lambda _: {"roots": [{"uri": f"file://{path}"} for path in paths]}}


async def test_a_repository_inside_of_another_is_not_allowed_with_it(repo: Any, make_repo: Any, desk: Any) -> None:
    inner = make_repo("repo/inner")
    async with desk(repo) as at:
        assert await at.refused("git_status", repo_path=str(inner.path)) == "denied_outside_root"
    async with desk(root=[str(repo.path)], repository=[]) as at:
        assert (await at.ok("git_status", repo_path=str(inner.path)))["unborn"]


async def test_inside_of_the_git_directory_there_is_no_repository(repo: Any, desk: Any) -> None:
    async with desk(repo) as at:
        assert await at.refused("git_status", repo_path=str(repo.path / ".git")) == "not_a_repository"


async def test_a_linked_work_tree_needs_its_main_repository(repo: Any, desk: Any, tmp_path: Path) -> None:
    repo.commit("first", a="1\n")
    tree = tmp_path / "tree"
    repo.git("worktree", "add", "-q", str(tree), "-b", "topic")
    async with desk(repository=[str(tree)]) as at:
        assert await at.refused("git_status", repo_path=str(tree)) == "unsafe_repository"
    async with desk(repository=[str(tree), str(repo.path)]) as at:
        assert (await at.ok("git_status", repo_path=str(tree)))["branch"] == "topic"
        await at.ok("git_commit", repo_path=str(tree), message="there", allow_empty=True)


@both_eras
async def test_roots_narrow_and_never_widen(repo: Any, make_repo: Any, tmp_path: Path, revision: str) -> None:
    other = make_repo("other")
    settings = Settings(root=[str(tmp_path)], user_config="off")

    async def code(path: Any, *given: object, **fields: Any) -> str | None:
        with_roots = Settings(root=[str(tmp_path)], user_config="off", **fields) if fields else settings
        async with connect(server, with_roots, revision=revision, answers=roots(*given)) as client:
            return (await client.call("git_status", repo_path=str(path))).error_code

    assert await code(repo.path, repo.path) is None
    assert await code(other.path, repo.path) == "denied_outside_root"
    assert await code(other.path, "/") is None
    assert await code(repo.path) == "denied_outside_root"
    assert await code(repo.path, "/elsewhere") == "denied_outside_root"
    assert await code(other.path, repo.path, roots="off") is None


@both_eras
async def test_roots_can_be_required_or_be_all_there_is(repo: Any, make_repo: Any, revision: str) -> None:
    other = make_repo("other")
    alone = Settings(roots="require", user_config="off")
    async with connect(server, alone, revision=revision, answers=roots(repo.path)) as client:
        assert not (await client.call("git_status")).is_error
        assert (await client.call("git_status", repo_path=str(other.path))).error_code == "denied_outside_root"
    async with connect(server, alone, revision=revision) as client:
        assert (await client.call("git_status", repo_path=str(repo.path))).error_code == "denied_outside_root"


async def test_a_root_that_is_a_part_of_a_repository_leaves_nothing_of_it(repo: Any) -> None:
    repo.commit("first", **{"d/e": "1\n"})
    settings = Settings(repository=[str(repo.path)], user_config="off")
    async with connect(server, settings, answers=roots(repo.path / "d")) as client:
        assert (await client.call("git_status", repo_path=str(repo.path))).error_code == "denied_outside_root"
        assert (await client.call("git_status", repo_path=str(repo.path / "d"))).error_code == "not_a_repository"


@pytest.mark.parametrize(
    "fields", [{}, {"repository": [""]}, {"root": ["/"]}, {"root": ["/proc"]}, {"root": ["/nonexistent"]}]
)
async def test_a_bad_setting_ends_the_start(fields: dict[str, Any]) -> None:
    """GT4."""
    with pytest.raises((SettingsError, ExceptionGroup)):
        async with connect(server, Settings(**fields)):
            pass


def run(cwd: Path, *arguments: str) -> tuple[int, str]:
    script = Path(sys.executable).with_name("mcp-ref-git")
    done = subprocess.run(
        [script, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=20
    )
    return done.returncode, done.stdout + done.stderr


def test_gt4_the_working_directory_counts_only_where_it_is_asked_for(repo: Any, tmp_path: Path) -> None:
    """GT4."""
    (repo.path / "d").mkdir()
    assert run(repo.path)[0] == 2
    assert run(repo.path / "d", "--cwd")[0] == 0
    assert run(tmp_path, "--cwd")[0] == 2
    assert run(repo.path, "-r", ".")[0] == 0
    assert run(repo.path, "-r", ".", "--git", "/nonexistent")[0] == 2
    assert run(repo.path, "-r", ".", "--allow-remote", "-x")[0] == 2


def test_check_says_what_works(repo: Any, tmp_path: Path) -> None:
    code, said = run(tmp_path, "-r", str(repo.path), "--root", str(tmp_path), "--check")
    assert code == 0
    assert "version 2." in said
    assert f"repository {repo.path}" in said
    (tmp_path / "empty").mkdir()
    code, said = run(tmp_path, "-r", str(tmp_path / "empty"), "--check")
    assert code == 1
    assert "not_a_repository" in said


def test_the_program_is_never_taken_from_the_working_directory(repo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """X2."""
    fake = repo.write("git", "#!/bin/sh\ntouch marker\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f".::{Path(sys.executable).parent}")
    code, said = run(repo.path, "-r", ".")
    assert code == 2
    assert "no git program" in said
    assert not (repo.path / "marker").exists()

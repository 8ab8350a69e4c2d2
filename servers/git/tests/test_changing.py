"""Staging, committing, branches, restoring and stashes in detail."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

ALL: dict[str, Any] = {"mode": "admin", "toolsets": ["all"]}


async def test_what_is_ignored_is_told_and_added_by_force(repo: Any, desk: Any) -> None:
    repo.commit(__gitignore="*.log\n")
    for name in ("a.log", "a.txt"):
        repo.write(name)
    async with desk(repo) as at:
        found = await at.ok("git_add", files=["a.log", "a.txt"])
        only = await at.ok("git_add", files=["a.log"])
        forced = await at.ok("git_add", files=["a.log"], force=True)
    assert ([one["path"] for one in found["staged"]], found["ignored"]) == (["a.txt"], ["a.log"])
    assert (only["staged"], only["ignored"]) == ([], ["a.log"])
    assert [one["path"] for one in forced["staged"]] == ["a.log"]


async def test_a_repository_that_is_not_registered_is_not_staged(repo: Any, make_repo: Any, desk: Any) -> None:
    inner = make_repo("repo/inner")
    inner.commit("inner", a="1\n")
    async with desk(repo) as at:
        for files in (["."], ["inner"]):
            assert await at.refused("git_add", files=files) == "denied_policy"
    assert repo.git("ls-files") == ""


async def test_a_commit_of_some_files_leaves_the_rest_staged(repo: Any, desk: Any) -> None:
    """GT15."""
    repo.commit("first", a="1\n", b="1\n")
    repo.write("a", "2\n")
    repo.write("b", "2\n")
    repo.git("add", "b")
    async with desk(repo) as at:
        made = await at.ok("git_commit", message="only a", files=["a"], author="Eve <eve@example.org>", signoff=True)
        staged = await at.ok("git_diff_staged")
        assert await at.refused("git_commit", message=" ") == "invalid_argument"
        assert await at.refused("git_commit", message="m", trailers={"a b": "c"}) == "invalid_argument"
        assert await at.refused("git_commit", message="m", trailers={"a": "b\nc"}) == "invalid_argument"
        assert await at.refused("git_commit", message="m", run_hooks=True) == "denied_policy"
        assert await at.refused("git_commit", message="m", amend=True) == "denied_policy"
    assert (made["files_changed"], made["insertions"], made["deletions"], made["hooks"]) == (1, 1, 1, "none")
    assert [file["path"] for file in staged["files"]] == ["b"]
    assert repo.git("log", "-1", "--format=%an %b") == "Eve Signed-off-by: Ada <ada@example.org>"


async def test_lines_that_begin_with_a_hash_stay_in_the_message(repo: Any, desk: Any) -> None:
    repo.commit("first", a="1\n")
    async with desk(repo) as at:
        await at.ok("git_commit", message="#1: fix\n\n# heading", allow_empty=True, trailers={"Refs": "#2", "X-y": "z"})
    assert repo.git("log", "-1", "--format=%B") == "#1: fix\n\n# heading\n\nRefs: #2\nX-y: z"


async def test_the_last_commit_is_replaced_with_consent(repo: Any, desk: Any) -> None:
    head = repo.commit("first", a="1\n")
    async with desk(repo, **ALL) as at:
        assert await at.refused("git_commit", message="m", amend=True) == "invalid_argument"
        assert await at.refused("git_commit", message="m", amend=True, confirm_head="1" * 40) == "conflict"
        made = await at.ok("git_commit", message="better", amend=True, confirm_head=head)
    assert (made["summary"], made["parents"]) == ("better", [])


def signing_key(home: Path) -> Path:
    key = home / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    return key


async def test_commits_are_signed_by_the_operators_program(repo: Any, desk: Any, tmp_path: Path) -> None:
    """GT16."""
    repo.commit("first", a="1\n")
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/marker\nexit 1\n")
    evil.chmod(0o755)
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", str(signing_key(tmp_path)))
    repo.git("config", "gpg.ssh.program", str(evil))
    async with desk(repo) as at:
        assert not (await at.ok("git_commit", message="plain", allow_empty=True))["signed"]
        repo.git("config", "commit.gpgSign", "true")
        assert (await at.ok("git_commit", message="signed", allow_empty=True))["signed"]
    async with desk(repo, sign="off") as at:
        assert not (await at.ok("git_commit", message="plain", allow_empty=True))["signed"]
    repo.git("config", "commit.gpgSign", "false")
    async with desk(repo, sign="require") as at:
        assert (await at.ok("git_commit", message="signed", allow_empty=True))["signed"]
        repo.git("config", "user.signingKey", "/nonexistent")
        head = repo.head
        assert await at.refused("git_commit", message="m", allow_empty=True) == "git_failed"
    assert repo.head == head
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize(
    ("allowed", "asked", "runs"), [("commit", False, False), ("commit", True, True), ("all", False, True)]
)
async def test_gt17_hooks_run_where_both_say_so(repo: Any, desk: Any, allowed: str, asked: bool, runs: bool) -> None:  # noqa: FBT001  a row
    """GT17."""
    repo.commit("first", a="1\n")
    hook = repo.dot_git / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    async with desk(repo, allow_hooks=allowed) as at:
        made = await at.ok("git_commit", message="m", allow_empty=True, run_hooks=asked)
        assert made["hooks"] == ("run" if runs else "skipped")
        assert (repo.path / "ran").exists() is runs
        hook.write_text("#!/bin/sh\necho 'the hook says no' >&2\nexit 1\n")
        result = await at.call("git_commit", message="m", allow_empty=True, run_hooks=asked)
        assert result.is_error is runs
        assert ("the hook says no" in result.text) is runs


async def test_branches_are_made_followed_and_switched_to(repo: Any, desk: Any) -> None:
    first = repo.commit("first", a="1\n")
    repo.commit("second", a="2\n")
    repo.git("config", "remote.origin.url", "https://example.org/x")
    repo.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    repo.git("update-ref", "refs/remotes/origin/topic", first)
    async with desk(repo) as at:
        assert (await at.ok("git_create_branch", branch_name="plain"))["base"] == "main"
        followed = await at.ok("git_create_branch", branch_name="mine", track="origin/topic", checkout=True)
        assert (followed["commit"], (await at.ok("git_status"))["upstream"]) == (first, "origin/topic")
        assert await at.refused("git_create_branch", branch_name="plain") == "already_exists"
        assert await at.refused("git_create_branch", branch_name="x", track="origin/none") in {
            "bad_ref",
            "bad_revision",
        }
        assert await at.refused("git_create_branch", branch_name="x", base_branch="nowhere") == "bad_revision"
        guessed = await at.ok("git_checkout", branch_name="topic")
        assert (guessed["to"], guessed["head"]) == ("topic", first)
        assert (await at.ok("git_status"))["upstream"] == "origin/topic"
        assert (await at.ok("git_checkout", branch_name="new", create=True))["to"] == "new"
        detached = await at.ok("git_checkout", branch_name="main~1", detach=True)
        assert (detached["detached"], detached["head"], detached["to"]) == (True, first, None)
        repo.git("update-ref", "refs/remotes/fork/topic2", first)
        repo.git("update-ref", "refs/remotes/origin/topic2", first)
        assert await at.refused("git_checkout", branch_name="topic2") == "bad_ref"


async def test_some_paths_are_unstaged(repo: Any, desk: Any) -> None:
    """GT19."""
    repo.commit("first", a="1\n", b="1\n")
    for name in "ab":
        repo.write(name, "2\n")
    async with desk(repo, **ALL) as at:
        await at.ok("git_add", files=["."])
        assert (await at.ok("git_reset", paths=["a"]))["unstaged"] == ["a"]
        assert (await at.ok("git_reset"))["unstaged"] == ["b"]
        assert await at.refused("git_reset", paths=["a"], target="HEAD", mode="soft") == "invalid_argument"
        soft = {"mode": "soft", "target": "HEAD", "confirm_head": repo.head}
        assert await at.refused("git_reset", **soft) == "denied_policy"


async def test_an_unborn_branch_can_be_unstaged_and_committed(repo: Any, desk: Any) -> None:
    repo.write("a")
    async with desk(repo) as at:
        await at.ok("git_add", files=["a"])
        assert (await at.ok("git_reset"))["unstaged"] == ["a"]
        assert await at.refused("git_stash_push") == "git_failed"
        await at.ok("git_add", files=["a"])
        assert (await at.ok("git_commit", message="first"))["parents"] == []


async def test_gt20_restoring_is_undone_by_its_backup_byte_for_byte(repo: Any, desk: Any) -> None:
    """GT20."""
    repo.commit("first", a__bin=b"\x00\x01", b="1\n")
    repo.write("a.bin", b"\x00mine\xff\r\n")
    repo.write("b", "staged\n")
    repo.git("add", "b")
    repo.write("b", "on top\n")
    async with desk(repo) as at:
        done = await at.ok("git_restore", paths=["a.bin", "b"], staged=True)
        assert (done["restored"], (repo.path / "b").read_text()) == (["a.bin", "b"], "1\n")
        await at.ok("git_restore", paths=["a.bin", "b"], source=done["backup"])
        assert (repo.path / "a.bin").read_bytes() == b"\x00mine\xff\r\n"
        assert (repo.path / "b").read_text() == "on top\n"
        assert await at.refused("git_restore", paths=["b"], worktree=False) == "invalid_argument"
        assert await at.refused("git_restore", paths=["missing"]) == "not_found"
    assert repo.git("show", f"{done['backup']}^2:b") == "staged"
    assert repo.is_sound()


async def test_work_is_put_aside_and_brought_back(repo: Any, desk: Any) -> None:
    repo.commit("first", a="1\n", b="1\n")
    for name in ("a", "b", "new", "*"):
        repo.write(name, "2\n")
    async with desk(repo) as at:
        one = await at.ok("git_stash_push", message="one", paths=["a"])
        assert (one["stash"]["message"], one["stash"]["branch"]) == ("one", "main")
        await at.ok("git_stash_push", include_untracked=True)
        assert (await at.ok("git_status"))["clean"]
        assert await at.refused("git_stash_push") == "nothing_to_commit"
        listed = await at.ok("git_stash_list")
        assert [stash["index"] for stash in listed["stashes"]] == [0, 1]
        assert (await at.ok("git_stash_apply", index=1))["applied"]
        repo.git("checkout", "-q", "--", ".")
        popped = await at.ok("git_stash_apply", pop=True)
        assert (popped["dropped"], (repo.path / "*").read_text()) == (True, "2\n")
        repo.commit("clash", a="clash\n")
        clash = await at.ok("git_stash_apply", pop=True)
        assert (clash["applied"], clash["dropped"], clash["conflicts"]) == (False, False, ["a"])
        assert len((await at.ok("git_stash_list"))["stashes"]) == 1
        assert await at.refused("git_stash_apply", index=7) == "invalid_argument"

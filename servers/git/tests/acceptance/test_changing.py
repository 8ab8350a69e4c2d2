"""What the changing tools do to a repository, what they refuse to lose, and what they leave to come back to."""

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_commit_has_what_was_staged_and_nothing_else(serve: Any, repository: Any) -> None:
    """GT15."""
    repository.write("a.txt", "a\n")
    repository.write("sub/b.txt", "b\n")
    async with serve("-r", repository.path) as git:
        assert (await git.refused("git_commit", message="Nothing")).code == "nothing_to_commit"
        await git.ok("git_add", files=["a.txt"])
        done = await git.ok("git_commit", message="One\n\nBody", trailers={"Reviewed-by": "Bob <bob@example.org>"})
        assert done["commit"] == repository.head
        assert repository.git("show", "--name-only", "--format=", "HEAD").split() == ["a.txt"]
        assert "Reviewed-by: Bob <bob@example.org>" in repository.git("log", "-1", "--format=%B")
        named = await git.ok("git_commit", message="Two", files=["sub/b.txt"])
        assert named["files_changed"] == 1
    assert repository.sound()


async def test_a_commit_in_a_merge_concludes_it(serve: Any, repository: Any) -> None:
    """GT15."""
    repository.git("checkout", "--quiet", "other")
    repository.commit("Other", {"a.txt": "other\n"})
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "other", fails=True)
    async with serve("-r", repository.path) as git:
        assert (await git.refused("git_commit", message="m")).code == "conflict"
        assert (await git.refused("git_checkout", branch_name="other")).code == "conflict"
        repository.write("a.txt", "both\n")
        await git.ok("git_add", files=["a.txt"])
        done = await git.ok("git_commit", message="Merged")
        assert len(done["parents"]) == 2
    assert not (repository.path / ".git" / "MERGE_HEAD").exists()


async def test_an_author_is_one_line_of_a_strict_form(serve: Any, repository: Any) -> None:
    repository.write("a.txt", "x\n")
    async with serve("-r", repository.path) as git:
        await git.ok("git_add", files=["a.txt"])
        for author in ("A\nB <a@b>", "A <a@b>\n", "<>", "--amend"):
            assert (await git.refused("git_commit", message="m", author=author)).code == "invalid_argument"


async def test_a_signature_that_cannot_be_made_makes_no_commit(serve: Any, repository: Any, home: Path) -> None:
    """GT16: the operator's configuration asks for one, and there is no key."""
    (home / ".gitconfig").write_text(
        "[user]\n\tname = O\n\temail = o@example.org\n\tsigningkey = NOKEY\n[commit]\n\tgpgsign = true\n"
    )
    repository.write("a.txt", "x\n")
    before = repository.head
    async with serve("-r", repository.path) as git:
        await git.ok("git_add", files=["a.txt"])
        began = time.monotonic()
        refused = await git.refused("git_commit", message="Signed")
        assert time.monotonic() - began < 20
        assert "Traceback" not in refused.text
    assert repository.head == before


async def test_hooks_run_only_when_operator_and_call_say_so(serve: Any, repository: Any, marker: Any) -> None:
    """GT17."""
    hook = repository.path / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\ntouch "{marker}"\necho "the hook says no" >&2\nexit 1\n')
    hook.chmod(0o755)
    repository.write("a.txt", "x\n")
    async with serve("-r", repository.path) as git:
        await git.ok("git_add", files=["a.txt"])
        assert (await git.ok("git_commit", message="Skipped"))["hooks"] == "skipped"
        assert not marker.left
    repository.write("a.txt", "y\n")
    async with serve("-r", repository.path, "--allow-hooks", "commit") as git:
        await git.ok("git_add", files=["a.txt"])
        refused = await git.refused("git_commit", message="Run", run_hooks=True)
        assert "the hook says no" in refused.text
        assert marker.left


async def test_checkout_loses_no_edit_and_never_means_a_path(serve: Any, repository: Any) -> None:
    """GT18."""
    repository.write("a.txt", "mine\n")
    async with serve("-r", repository.path) as git:
        refused = await git.refused("git_checkout", branch_name="other")
        assert refused.code == "would_overwrite"
        assert "a.txt" in refused.text.partition("following files")[2]
        assert (repository.path / "a.txt").read_text() == "mine\n"
        await git.refused("git_checkout", branch_name="a.txt")
        assert (repository.path / "a.txt").read_text() == "mine\n"
        repository.git("checkout", "--", "a.txt")
        repository.git("branch", "a.txt", "other")
        assert (await git.ok("git_checkout", branch_name="a.txt"))["head"] == repository.git(
            "rev-parse", "other"
        ).strip()
        await git.ok("git_checkout", branch_name="main")
        moved = await git.ok("git_checkout", branch_name="other")
        assert (moved["from"], moved["to"]) == ("main", "other")


async def test_reset_without_arguments_unstages_and_hard_is_guarded(serve: Any, repository: Any) -> None:
    """GT19."""
    repository.write("a.txt", "mine\n")
    async with serve("-r", repository.path) as git:
        await git.ok("git_add", files=["a.txt"])
        assert (await git.ok("git_reset"))["unstaged"] == ["a.txt"]
        await git.refused("git_reset", mode="hard", confirm_head=repository.head)
    async with serve("-r", repository.path, "--mode", "admin", "--toolsets", "all") as git:
        await git.refused("git_reset", mode="hard")
        await git.refused("git_reset", mode="hard", confirm_head="0" * 40)
        assert (repository.path / "a.txt").read_text() == "mine\n"
        assert (await git.refused("git_reset", mode="hard", confirm_head=repository.head)).code == "denied_policy"
        repository.git("switch", "--quiet", "-c", "topic")
        await git.ok("git_reset", mode="hard", confirm_head=repository.head)
        assert (repository.path / "a.txt").read_text() == "one\nmore\n"


async def test_what_restore_takes_away_can_be_had_again(serve: Any, repository: Any) -> None:
    """GT20."""
    repository.write("a.txt", b"mine\xff\n")
    async with serve("-r", repository.path) as git:
        restored = await git.ok("git_restore", paths=["a.txt"])
        assert (repository.path / "a.txt").read_text() == "one\nmore\n"
        assert restored["backup"].startswith("refs/mcp/backup/")
        await git.ok("git_restore", paths=["a.txt"], source=restored["backup"])
    assert (repository.path / "a.txt").read_bytes() == b"mine\xff\n"


async def test_clean_is_a_dry_run_until_it_is_said_otherwise(serve: Any, repository: Any) -> None:
    """GT20."""
    repository.write("left.txt", "x\n")
    async with serve("-r", repository.path, "--mode", "admin", "--toolsets", "all") as git:
        await git.ok("git_clean")
        assert (repository.path / "left.txt").exists()
        done = await git.ok("git_clean", dry_run=False)
        assert not (repository.path / "left.txt").exists()
        await git.ok("git_restore", paths=["left.txt"], source=done["backup"])
        assert (repository.path / "left.txt").read_text() == "x\n"


async def test_a_lock_of_somebody_else_is_left_alone(serve: Any, repository: Any) -> None:
    """GT24."""
    lock = repository.path / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (time.time() - 90, time.time() - 90))
    repository.write("a.txt", "x\n")
    async with serve("-r", repository.path) as git:
        refused = await git.refused("git_add", files=["a.txt"])
        assert (await git.ok("git_status"))["unstaged"] != []
    assert refused.code == "busy"
    assert re.search(r"since 9\d s", refused.text)
    assert lock.exists()


async def test_a_dry_merge_touches_nothing(serve: Any, repository: Any) -> None:
    """GT27."""
    repository.git("checkout", "--quiet", "other")
    repository.commit("Other", {"a.txt": "other\n"})
    repository.git("checkout", "--quiet", "main")
    before = {name: data for name, data in repository.snapshot().items() if not name.startswith(".git/objects")}
    async with serve("-r", repository.path, "--toolsets", "all") as git:
        dry = await git.ok("git_merge", refs=["other"], dry_run=True)
        assert dry["result"] == "conflict"
        assert [conflict["path"] for conflict in dry["conflicts"]] == ["a.txt"]
    after = {name: data for name, data in repository.snapshot().items() if not name.startswith(".git/objects")}
    assert after == before


async def test_stash_and_back(serve: Any, repository: Any) -> None:
    repository.write("a.txt", "mine\n")
    async with serve("-r", repository.path) as git:
        await git.ok("git_stash_push", message="for later")
        assert (repository.path / "a.txt").read_text() == "one\nmore\n"
        [stash] = (await git.ok("git_stash_list"))["stashes"]
        assert "for later" in stash["message"]
        await git.ok("git_stash_apply", pop=True)
        assert (await git.ok("git_stash_list"))["stashes"] == []
    assert (repository.path / "a.txt").read_text() == "mine\n"


async def test_a_branch_is_made_and_removed_with_a_way_back(serve: Any, repository: Any) -> None:
    async with serve("-r", repository.path, "--toolsets", "all", "--mode", "admin") as git:
        made = await git.ok("git_create_branch", branch_name="topic", base_branch="other")
        assert made["branch"] == "topic"
        for wrong in ("HEAD", "-x", "a..b", "a b", ""):
            await git.refused("git_create_branch", branch_name=wrong)
        await git.ok("git_delete_branch", branch_name="topic", force=True)
        assert "topic" not in repository.git("branch", "--list")
        await git.refused("git_delete_branch", branch_name="main", force=True)

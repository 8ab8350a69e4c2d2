"""GT1, GT2: nothing that a repository names runs, whatever is done with it.

Each story is a way through the tools on which git would run something; after it no marker is there.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ALL: dict[str, Any] = {"mode": "admin", "toolsets": ["all"]}
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])

# For the tests' own git commands in an armed repository.
DISARMED = {
    "GIT_CONFIG_COUNT": "3",
    **{
        f"GIT_CONFIG_KEY_{number}": key
        for number, key in enumerate(("core.hooksPath", "core.fsmonitor", "protocol.file.allow"))
    },
    **{f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(("/dev/null", "false", "always"))},
}

Story = list[tuple[str, dict[str, Any]]]

STORIES: dict[str, Story] = {
    "looking": [
        ("git_repositories", {}), ("git_status", {"include_ignored": True}), ("git_diff_unstaged", {}),
        ("git_diff_unstaged", {"include_untracked": True}), ("git_diff_staged", {}), ("git_diff", {"target": "side"}),
        ("git_diff", {"target": "main", "base": "side", "merge_base": True}),
        ("git_log", {"stat": True, "patch": True}), ("git_log", {"pickaxe": "one"}),
        ("git_log", {"line_range": "1,1:a.txt"}),
        ("git_show", {"revision": "HEAD"}),
        ("git_show", {"revision": "v1"}), ("git_show", {"revision": "HEAD:a.txt"}), ("git_show", {"revision": "HEAD:"}),
        ("git_branch", {"branch_type": "all"}), ("git_blame", {"path": "a.txt"}), ("git_grep", {"pattern": "a"}),
        ("git_ls_files", {}), ("git_ls_files", {"kind": "modified"}), ("git_ls_files", {"kind": "ignored"}),
        ("git_tags", {}), ("git_stash_list", {}), ("git_compare", {"base": "side", "head": "main"}),
        ("git_ls_tree", {"revision": "HEAD", "recursive": True}), ("git_reflog", {}), ("git_describe", {"dirty": True}),
        ("git_shortlog", {}), ("git_check_ignore", {"paths": ["a.txt"]}), ("git_config_get", {"name": "user.name"}),
        ("git_remotes", {}), ("git_submodules", {}), ("git_conflicts", {}), ("git_worktree_list", {}),
    ],
    "staging": [
        ("git_add", {"files": ["."]}), ("git_reset", {}), ("git_add", {"files": ["n.bin"]}),
        ("git_reset", {"paths": ["n.bin"]}), ("git_add", {"files": ["."], "update": True}),
        ("git_add", {"files": ["n.bin"], "intent_to_add": True}),
    ],
    "committing": [
        ("git_add", {"files": ["."]}), ("git_commit", {"message": "m", "signoff": True, "trailers": {"X": "y"}}),
        ("git_commit", {"message": "empty", "allow_empty": True}),
    ],
    "restoring": [
        ("git_restore", {"paths": ["a.txt", "b.bin"], "source": "side"}),
        ("git_restore", {"paths": ["a.txt"], "staged": True}),
        ("git_clean", {"dry_run": False, "directories": True}),
    ],
    "stashes": [
        ("git_stash_push", {"include_untracked": True}), ("git_stash_apply", {}), ("git_stash_drop", {"index": 0}),
        ("git_stash_push", {"message": "m"}), ("git_stash_apply", {"pop": True}),
    ],
    "worktrees": [
        ("git_worktree_add", {"path": "trees/one", "branch": "easy"}), ("git_worktree_list", {}),
        ("git_worktree_remove", {"path": "trees/one", "force": True}), ("git_worktree_prune", {"dry_run": False}),
    ],
    "tags and patches": [
        ("git_tag_create", {"name": "t", "message": "m"}), ("git_tag_delete", {"name": "t"}),
        ("git_apply_patch", {"patch": "--- a/c.txt\n+++ b/c.txt\n@@ -1 +1 @@\n-c\n+C\n"}),
        ("git_apply_patch", {"patch": "--- a/c.txt\n+++ b/c.txt\n@@ -1 +1 @@\n-c\n+C\n", "check_only": False}),
    ],
}  # fmt: skip
CLEAN: dict[str, Story] = {
    "branches": [
        ("git_create_branch", {"branch_name": "new", "checkout": True}), ("git_checkout", {"branch_name": "easy"}),
        ("git_checkout", {"branch_name": "HEAD~1", "detach": True}), ("git_checkout", {"branch_name": "main"}),
        ("git_rename_branch", {"branch_name": "new", "new_name": "old"}),
        ("git_delete_branch", {"branch_name": "old", "force": True}),
    ],
    "merges": [
        ("git_merge", {"refs": ["easy"], "dry_run": True}), ("git_merge", {"refs": ["side"], "dry_run": True}),
        ("git_merge", {"refs": ["easy"]}), ("git_merge", {"refs": ["side"]}), ("git_conflicts", {}),
        ("git_merge", {"action": "abort"}),
    ],
    "rebases": [
        ("git_rebase", {"refs": ["easy"], "dry_run": True}), ("git_rebase", {"refs": ["easy"]}),
        ("git_rebase", {"refs": ["side"]}), ("git_rebase", {"action": "skip"}),
    ],
    "picks": [
        ("git_cherry_pick", {"refs": ["easy"]}), ("git_cherry_pick", {"refs": ["side"]}),
        ("git_cherry_pick", {"action": "abort"}), ("git_revert", {"refs": ["HEAD"], "dry_run": True}),
        ("git_revert", {"refs": ["HEAD"]}),
    ],
    "bisecting": [
        ("git_bisect", {"action": "start", "good": ["HEAD~1"], "bad": "HEAD"}), ("git_bisect", {"action": "reset"}),
    ],
}  # fmt: skip


def change(repo: Any) -> None:
    """Changes of every kind."""
    repo.write("a.txt", "changed\n")
    repo.write("b.bin", b"\x01\x02")
    repo.write("n.bin", b"new")
    repo.write("new/n.txt", "new\n")


@each_era
@pytest.mark.parametrize("story", STORIES)
async def test_git_hostile_repository_config(armed: Any, marker: Any, desk: Any, story: str, revision: str) -> None:
    """GT1, GT2, GT29: GitPython CVE-2022-24439, CVE-2023-40267, CVE-2023-40590; advisories on config and hooks."""
    change(armed)
    await tell(armed, marker, desk, STORIES[story], revision)


@each_era
@pytest.mark.parametrize("story", CLEAN)
async def test_git_hostile_repository_while_joining(
    armed: Any, marker: Any, desk: Any, story: str, revision: str
) -> None:
    """GT1: merge drivers, rebase and sequencer hooks."""
    await tell(armed, marker, desk, CLEAN[story], revision)


async def tell(repo: Any, marker: Any, desk: Any, story: Story, revision: str) -> None:
    done: list[str] = []
    async with desk(repo, revision=revision, **ALL) as at:
        for tool, arguments in story:
            result = await at.call(tool, **arguments)
            done.append(f"{tool} {arguments}: {result.error_code}")
            assert marker.seen == "", done
            assert result.error_code in {None, "conflict"}, (done, result.text)
    disarmed = {
        **repo.env,
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "core.hooksPath",
        "GIT_CONFIG_VALUE_0": "/dev/null",
    }
    repo.env = {**disarmed, "GIT_CONFIG_KEY_1": "core.fsmonitor", "GIT_CONFIG_VALUE_1": "false"}
    assert repo.is_sound()


async def test_a_hard_reset_and_an_amended_commit_run_nothing(armed: Any, marker: Any, desk: Any) -> None:
    """GT1."""
    change(armed)
    armed.env |= DISARMED
    armed.git("branch", "-M", "work")
    head = armed.head
    async with desk(armed, **ALL) as at:
        assert marker.seen == ""
        moved = await at.ok("git_commit", message="amended", amend=True, confirm_head=head, files=["a.txt"])
        await at.ok("git_reset", mode="hard", target="HEAD", confirm_head=moved["commit"])
    assert marker.seen == ""


async def test_filters_of_a_submodule_do_not_run(
    armed: Any, marker: Any, arms: Callable[[Any], None], make_repo: Callable[..., Any], desk: Any
) -> None:
    """GT1: add and commit look into a submodule by a process that reads its own configuration."""
    library = make_repo("library")
    library.commit("library", x__bin=b"\x01")
    armed.env |= DISARMED
    armed.git("submodule", "add", "-q", str(library.path), "library", check=False)
    inner = armed.path / "library"
    marker.path.unlink(missing_ok=True)
    assert (inner / ".git").exists()

    class Inner:
        dot_git = armed.path / ".git" / "modules" / "library"

    arms(Inner())
    (inner / "x.bin").write_bytes(b"changed")
    os.utime(inner / "x.bin", (1, 1))
    async with desk(armed, **ALL) as at:
        await at.ok("git_status")
        await at.ok("git_diff_unstaged")
        await at.ok("git_add", files=["."])
        await at.ok("git_commit", message="all", allow_empty=True)
        await at.ok("git_checkout", branch_name="easy")
        listed = await at.ok("git_submodules")
    assert marker.seen == ""
    assert listed["submodules"] == []


async def test_a_saved_rebase_that_would_run_a_command_is_refused(armed: Any, marker: Any, desk: Any) -> None:
    """A repository can be delivered in the middle of a rebase, with `exec` on its list."""
    state = armed.path / ".git" / "rebase-merge"
    state.mkdir()
    head = armed.head
    for name, text in {
        "git-rebase-todo": f"exec {marker.program}\n", "head-name": "refs/heads/main\n", "onto": f"{head}\n",
        "orig-head": f"{head}\n", "interactive": "", "done": "", "end": "1\n", "msgnum": "0\n",
    }.items():  # fmt: skip
        (state / name).write_text(text)
    async with desk(armed, **ALL) as at:
        assert (await at.ok("git_status"))["operation"] == "rebase"
        for action in ("continue", "skip"):
            assert await at.refused("git_rebase", action=action) == "denied_policy"
        (state / "git-rebase-todo").write_text("")
        (state / "strategy").write_text("../../evil\n")
        assert await at.refused("git_rebase", action="continue") == "denied_policy"
    assert marker.seen == ""


async def test_a_configuration_that_could_change_within_a_command_is_refused(repo: Any, marker: Any, desk: Any) -> None:
    """An included file of the work tree may be brought by a checkout; one for a branch counts once that is there."""
    repo.commit("first", a__bin=b"1")
    repo.git("checkout", "-q", "-b", "evil")
    repo.commit(
        "evil", evil__cfg=f'[filter "evil"]\n\tsmudge = {marker.program}\n', __gitattributes="*.bin filter=evil\n"
    )
    repo.git("checkout", "-q", "main")
    repo.git("config", "include.path", "../evil.cfg")
    async with desk(repo, **ALL) as at:
        assert (await at.ok("git_status"))["clean"]
        assert await at.refused("git_checkout", branch_name="evil") == "unsafe_repository"
        repo.git("config", "--unset", "include.path")
        repo.git("config", "includeIf.onbranch:evil.path", "../evil.cfg")
        assert await at.refused("git_status") == "unsafe_repository"
    assert marker.seen == ""


async def test_an_armed_configuration_that_appears_later_is_seen(repo: Any, marker: Any, desk: Any) -> None:
    """The list of keys is remembered by the state of every file that it comes from."""
    repo.commit("first", a__bin=b"1")
    async with desk(repo, **ALL) as at:
        await at.ok("git_status")
        with (repo.dot_git / "config").open("a") as config:
            config.write(f'[filter "evil"]\n\tclean = {marker.program}\n\tsmudge = {marker.program}\n')
        (repo.dot_git / "info" / "attributes").write_text("*.bin filter=evil\n")
        repo.write("a.bin", b"2")
        added = await at.ok("git_add", files=["a.bin"])
    assert (added["filters_skipped"], marker.seen) == (["a.bin"], "")


async def test_a_partial_clone_fetches_nothing_behind_ones_back(
    repo: Any, make_repo: Callable[..., Any], marker: Any, desk: Any, tmp_path: Path
) -> None:
    """A missing blob would be fetched through `remote.*.uploadpack` or core.sshCommand."""
    repo.commit("first", a__txt="one\n" * 100)
    repo.commit("second", a__txt="two\n" * 100)
    repo.git("config", "uploadpack.allowFilter", "true")
    lazy = tmp_path / "lazy"
    repo.git("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repo.path}", str(lazy))
    clone = make_repo("lazy")
    clone.git("config", "remote.origin.uploadpack", str(marker.program))
    clone.git("config", "remote.origin.url", "ssh://evil.example/x")
    clone.git("config", "core.sshCommand", str(marker.program))
    async with desk(clone, **ALL) as at:
        for tool, arguments in (
            ("git_show", {"revision": "HEAD"}), ("git_log", {"patch": True}), ("git_show", {"revision": "HEAD:a.txt"}),
            ("git_diff", {"target": "HEAD", "base": "HEAD~1"}), ("git_checkout", {"branch_name": "main"}),
        ):  # fmt: skip
            await at.call(tool, **arguments)
    assert marker.seen == ""


async def test_fetching_and_pushing_run_nothing_on_this_side(
    armed: Any, marker: Any, make_repo: Callable[..., Any], desk: Any, tmp_path: Path
) -> None:
    """GT1: reference-transaction, pre-push, post-merge and the programs of a remote."""
    (tmp_path / "hubs").mkdir()
    hub = make_repo("hubs/hub.git", "--bare")
    with (armed.dot_git / "config").open("a") as config:
        config.write(f'[remote "origin"]\n\turl = file://{hub.path}\n\tfetch = +refs/heads/*:refs/heads/*\n')
    other = make_repo("other")
    fields = {**ALL, "root": [str(tmp_path / "hubs")], "allow_remote": [f"file:{tmp_path}/hubs"]}
    async with desk(armed, **fields) as at:
        here = {"repo_path": str(armed.path)}
        await at.ok("git_push", dry_run=False, set_upstream=True, **here)
        other.git("pull", "-q", str(hub.path), "main")
        other.commit("theirs", z="1\n")
        other.git("push", "-q", str(hub.path), "main", "main:refs/heads/easy")
        before = armed.env
        armed.env = {**armed.env, **DISARMED}
        easy = armed.git("rev-parse", "easy")
        fetched = await at.ok("git_fetch", **here)
        assert armed.git("rev-parse", "easy") == easy
        armed.env = before
        assert {one["ref"] for one in fetched["updates"]} == {"refs/remotes/origin/easy", "refs/remotes/origin/main"}
        await at.ok("git_pull", **here)
        await at.ok("git_ls_remote", **here)
        cloned = await at.ok("git_clone", url=f"file://{hub.path}", path=f"{tmp_path}/hubs/clone")
        assert cloned["branch"] == "main"
    assert marker.seen == ""

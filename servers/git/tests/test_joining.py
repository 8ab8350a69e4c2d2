"""Merges, rebases, picks, reverts, tried and done; patches, tags, bisecting, new repositories, work trees."""

from pathlib import Path
from typing import Any

import pytest

ALL: dict[str, Any] = {"mode": "admin", "toolsets": ["all"]}


def state(repo: Any) -> tuple[str, str, dict[str, bytes]]:
    """HEAD, the index, and every file with all of `.git`."""
    files = {str(path): path.read_bytes() for path in repo.path.rglob("*") if path.is_file()}
    return repo.head, repo.git("ls-files", "--stage"), files


def names(directory: Path) -> list[str]:
    return sorted(str(path) for path in directory.rglob("*"))


@pytest.fixture
def branches(repo: Any) -> Any:
    """`easy` merges, `hard` conflicts, `behind` is behind."""
    repo.commit("first", a="1\n", b="1\n")
    repo.git("branch", "behind")
    repo.git("checkout", "-q", "-b", "easy")
    repo.commit("easy", b="2\n")
    repo.git("checkout", "-q", "-b", "hard", "behind")
    repo.commit("hard", a="hard\n")
    repo.git("checkout", "-q", "main")
    repo.commit("main", a="main\n")
    return repo


@pytest.mark.parametrize("tool", ["git_merge", "git_rebase", "git_cherry_pick"])
async def test_gt27_what_is_tried_touches_nothing_and_tells_the_truth(branches: Any, desk: Any, tool: str) -> None:
    """GT27."""
    before = state(branches)
    async with desk(branches, **ALL) as at:
        easy = await at.ok(tool, refs=["easy"], dry_run=True)
        hard = await at.ok(tool, refs=["hard"], dry_run=True)
        assert state(branches) == before
        done = await at.ok(tool, refs=["easy"])
        failed = await at.ok(tool, refs=["hard"])
        sides = await at.ok("git_conflicts")
        aborted = await at.ok(tool, action="abort")
    assert (easy["result"], easy["conflicts"], easy["dry_run"]) == ("merged", [], True)
    assert (hard["result"], [one["path"] for one in hard["conflicts"]]) == ("conflict", ["a"])
    assert (done["result"], failed["result"], aborted["result"]) == ("merged", "conflict", "aborted")
    (one,) = sides["conflicts"]
    assert {one["ours"], one["theirs"], one["base"]} == {"main\n", "hard\n", "1\n"}
    assert "<<<<<<<" in one["markers"]
    assert branches.is_sound()


async def test_a_merge_can_be_a_fast_forward_or_nothing(branches: Any, desk: Any) -> None:
    branches.git("checkout", "-q", "behind")
    async with desk(branches, **ALL) as at:
        assert (await at.ok("git_merge", refs=["easy"]))["result"] == "fast-forward"
        assert (await at.ok("git_merge", refs=["easy"]))["result"] == "up-to-date"
        assert (await at.ok("git_merge", refs=["easy"], dry_run=True))["result"] == "up-to-date"
        assert await at.refused("git_merge") == "invalid_argument"
        assert await at.refused("git_merge", action="continue") == "invalid_argument"
        assert await at.refused("git_merge", refs=["nowhere"]) == "bad_revision"


async def test_a_conflict_is_resolved_and_the_merge_continued(branches: Any, desk: Any) -> None:
    async with desk(branches, **ALL) as at:
        assert (await at.ok("git_merge", refs=["hard"]))["result"] == "conflict"
        branches.write("a", "both\n")
        await at.ok("git_add", files=["a"])
        done = await at.ok("git_merge", action="continue")
        shown = await at.ok("git_show", revision="HEAD")
    assert (done["result"], len(shown["parents"]), shown["subject"]) == ("merged", 2, "Merge 'hard'")


async def test_conflicts_can_be_decided_for_one_side(branches: Any, desk: Any) -> None:
    async with desk(branches, **ALL) as at:
        done = await at.ok("git_merge", refs=["hard"], strategy_option="theirs")
    assert (done["result"], (branches.path / "a").read_text()) == ("merged", "hard\n")


async def test_a_commit_is_reverted(branches: Any, desk: Any) -> None:
    async with desk(branches, **ALL) as at:
        tried = await at.ok("git_revert", refs=["HEAD"], dry_run=True)
        done = await at.ok("git_revert", refs=["HEAD"])
        root = await at.ok("git_revert", refs=["HEAD~2"], dry_run=True)
    assert (tried["result"], done["result"], root["result"]) == ("merged", "merged", "merged")
    assert (branches.path / "a").read_text() == "1\n"


async def test_a_merge_driver_of_a_stranger_becomes_a_merge_of_texts(branches: Any, desk: Any) -> None:
    branches.git("config", "merge.evil.driver", "false")
    (branches.dot_git / "info" / "attributes").write_text("a merge=evil\n")
    async with desk(branches, **ALL) as at:
        assert (await at.ok("git_merge", refs=["hard"]))["result"] == "conflict"
    text = (branches.path / "a").read_text()
    assert "main\n" in text
    assert "hard\n" in text
    assert "<<<<<<<" in text


PATCH = "--- a/b\n+++ b/b\n@@ -1 +1 @@\n-1\n+patched\n"


async def test_a_patch_is_checked_then_applied_and_taken_back(branches: Any, desk: Any) -> None:
    async with desk(branches, **ALL) as at:
        checked = await at.ok("git_apply_patch", patch=PATCH)
        assert (branches.path / "b").read_text() == "1\n"
        applied = await at.ok("git_apply_patch", patch=PATCH, check_only=False, three_way=False)
        assert (branches.path / "b").read_text() == "patched\n"
        again = await at.ok("git_apply_patch", patch=PATCH, three_way=False)
        back = await at.ok("git_apply_patch", patch=PATCH, check_only=False, reverse=True, three_way=False)
    assert (checked["ok"], checked["applied"], checked["files"]) == (True, False, ["b"])
    assert (applied["applied"], back["applied"]) == (True, True)
    assert (again["ok"], again["rejects"]) == (False, ["b:1"])
    assert (branches.path / "b").read_text() == "1\n"


@pytest.mark.parametrize(
    "path", ["../outside", "/nonexistent/outside", ".git/config", ".git/hooks/pre-commit", "link/x", "a/../../outside"]
)
async def test_a_patch_stays_inside(branches: Any, desk: Any, tmp_path: Path, path: str) -> None:
    (branches.path / "link").symlink_to(tmp_path)
    before = names(tmp_path)
    patch = f"diff --git a/{path} b/{path}\nnew file mode 100755\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+evil\n"
    async with desk(branches, **ALL) as at:
        for options in ({}, {"check_only": False}, {"check_only": False, "three_way": False}):
            result = await at.call("git_apply_patch", patch=patch, **options)
            assert result.is_error or not result.data["applied"], result.text
    assert names(tmp_path) == before


async def test_a_patch_renames_nothing_through_a_link(branches: Any, desk: Any, tmp_path: Path) -> None:
    (branches.path / "link").symlink_to(tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("1\n")
    patch = "diff --git a/link/victim b/taken\nsimilarity index 100%\nrename from link/victim\nrename to taken\n"
    async with desk(branches, **ALL) as at:
        for options in ({"check_only": False}, {"check_only": False, "three_way": False}):
            assert await at.refused("git_apply_patch", patch=patch, **options) == "invalid_argument"
    assert victim.exists()


async def test_tags_are_made_and_refused_twice(branches: Any, desk: Any) -> None:
    async with desk(branches, **ALL) as at:
        await at.ok("git_tag_create", name="light")
        await at.ok("git_tag_create", name="v1", target="easy", message="#1: one\n")
        assert await at.refused("git_tag_create", name="v1") == "already_exists"
        assert await at.refused("git_tag_create", name="-x") == "bad_ref"
        assert await at.refused("git_tag_create", name="s", sign=True) == "invalid_argument"
        deleted = await at.ok("git_tag_delete", name="v1")
    assert branches.git("cat-file", "-t", deleted["commit"]) == "tag"
    assert branches.git("tag") == "light"


async def test_a_fault_is_found_by_halves(repo: Any, desk: Any) -> None:
    ids = [repo.commit(f"c{number}", a=f"{number}\n") for number in range(20)]
    guilty = 13
    async with desk(repo, **ALL) as at:
        assert await at.refused("git_bisect", action="good") == "invalid_argument"
        found = await at.ok("git_bisect", action="start", good=[ids[0]], bad=ids[-1])
        steps = 0
        while not found["finished"]:
            steps += 1
            bad = ids.index(found["current"]) >= guilty
            assert repo.head == found["current"]
            found = await at.ok("git_bisect", action="bad" if bad else "good")
        assert found["first_bad"] == ids[guilty]
        assert steps <= 6
        assert (await at.ok("git_status"))["operation"] == "bisect"
        assert repo.git("bisect", "log").startswith("git bisect start")
        await at.ok("git_bisect", action="reset")
        assert (await at.ok("git_status"))["branch"] == "main"
    assert repo.git("for-each-ref", "refs/bisect") == ""


async def test_skipped_commits_are_passed_over(repo: Any, desk: Any) -> None:
    ids = [repo.commit(f"c{number}", a=f"{number}\n") for number in range(4)]
    async with desk(repo, **ALL) as at:
        first = await at.ok("git_bisect", action="start", good=[ids[0]], bad=ids[3])
        second = await at.ok("git_bisect", action="skip")
        third = await at.ok("git_bisect", action="skip")
    assert {first["current"], second["current"]} == {ids[1], ids[2]}
    assert (third["finished"], third["first_bad"]) == (True, None)


async def test_a_repository_is_made_beneath_a_root_only(tmp_path: Path, make_repo: Any, desk: Any) -> None:
    """CVE-2025-68143: init anywhere made any directory readable."""
    repo = make_repo("root/one")
    (tmp_path / "root" / "full").mkdir()
    (tmp_path / "root" / "full" / "file").touch()
    (tmp_path / "root" / "link").symlink_to(tmp_path)
    async with desk(root=[str(tmp_path / "root")], repository=[], **ALL) as at:
        made = await at.ok("git_init", path=f"{tmp_path}/root/new/deep", branch="trunk")
        assert (await at.ok("git_status", repo_path=made["path"]))["branch"] == "trunk"
        assert not (tmp_path / "root/new/deep/.git/hooks").exists()
        for path, code in {
            f"{tmp_path}/outside": "denied_outside_root", f"{tmp_path}/root/link/x": "denied_outside_root",
            f"{tmp_path}/root/../x": "invalid_argument", "relative": "invalid_argument",
            f"{tmp_path}/root": "denied_outside_root",
            f"{tmp_path}/root/full": "already_exists", f"{repo.path}": "already_exists",
            f"{repo.path}/.git/x": "denied_policy",
        }.items():  # fmt: skip
            assert await at.refused("git_init", path=path) == code, path
    async with desk(repo, **ALL) as at:
        assert await at.refused("git_init", path=f"{repo.path}/inner") == "denied_outside_root"


async def test_work_trees_live_inside_of_what_is_allowed(branches: Any, desk: Any, tmp_path: Path) -> None:
    """GT21."""
    async with desk(branches, **ALL) as at:
        added = await at.ok("git_worktree_add", path="trees/easy", branch="easy")
        assert added["branch"] == "easy"
        here = await at.ok("git_status", repo_path=added["path"])
        assert (here["branch"], here["clean"]) == ("easy", True)
        new = await at.ok("git_worktree_add", path=f"{branches.path}/trees/new", new_branch="topic")
        loose = await at.ok("git_worktree_add", path="trees/loose", branch="hard", detach=True)
        assert (new["branch"], loose["branch"]) == ("topic", None)
        for arguments in ({"path": str(tmp_path / "x")}, {"path": "../x"}, {"path": ".git/x"}):
            assert await at.refused("git_worktree_add", branch="hard", **arguments) in {
                "denied_outside_root", "invalid_argument", "denied_policy",
            }  # fmt: skip
        listed = await at.ok("git_worktree_list")
        assert len(listed["worktrees"]) == 4
        (branches.path / "trees/easy/file").touch()
        assert await at.refused("git_worktree_remove", path="trees/easy") == "would_overwrite"
        await at.ok("git_worktree_remove", path="trees/easy", force=True)
        assert await at.refused("git_worktree_remove", path=str(branches.path)) == "invalid_argument"
        branches.git("worktree", "list")
        for path in (branches.path / "trees/new").iterdir():
            path.unlink()
        (branches.path / "trees/new").rmdir()
        assert len((await at.ok("git_worktree_prune"))["pruned"]) == 1
        await at.ok("git_worktree_prune", dry_run=False)
        assert len((await at.ok("git_worktree_list"))["worktrees"]) == 2


async def test_removed_files_branches_and_stashes_can_be_had_back(branches: Any, desk: Any) -> None:
    """GT20."""
    branches.write("junk/one", "1\n")
    branches.write("two", "2\n")
    branches.git("checkout", "-q", "-b", "work")
    async with desk(branches, **ALL) as at:
        dry = await at.ok("git_clean", directories=True)
        some = await at.ok("git_clean", dry_run=False)
        assert (dry["dry_run"], sorted(dry["removed"])) == (True, ["junk/one", "two"])
        assert some["removed"] == ["two"]
        every = await at.ok("git_clean", directories=True, dry_run=False)
        assert not (branches.path / "junk").exists()
        await at.ok("git_restore", paths=["junk/one"], source=every["backup"])
        assert (branches.path / "junk/one").read_text() == "1\n"
        assert await at.refused("git_delete_branch", branch_name="main") == "denied_policy"
        assert await at.refused("git_rename_branch", branch_name="main", new_name="x") == "denied_policy"
        assert await at.refused("git_rename_branch", branch_name="hard", new_name="release/1") == "denied_policy"
        assert await at.refused("git_delete_branch", branch_name="easy") == "git_failed"
        gone = await at.ok("git_delete_branch", branch_name="easy", force=True)
        await at.ok("git_create_branch", branch_name="easy", base_branch=gone["commit"])
        branches.write("a", "stashed\n")
        await at.ok("git_stash_push", message="mine")
        dropped = await at.ok("git_stash_drop", index=0)
        assert branches.git("show", f"{dropped['commit']}:a") == "stashed"


async def test_a_protected_branch_is_not_reset(branches: Any, desk: Any) -> None:
    """GT19."""
    async with desk(branches, **ALL) as at:
        arguments = {"mode": "hard", "target": "HEAD~1", "confirm_head": branches.head}
        assert await at.refused("git_reset", **arguments) == "denied_policy"
        branches.git("checkout", "-q", "-b", "work")
        assert await at.refused("git_reset", **{**arguments, "confirm_head": "0" * 40}) == "conflict"
        assert await at.refused("git_reset", mode="hard") == "invalid_argument"
        moved = await at.ok("git_reset", **arguments)
    assert (moved["head_before"], moved["head_after"]) == (arguments["confirm_head"], branches.head)

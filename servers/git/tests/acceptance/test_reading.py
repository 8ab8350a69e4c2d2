"""What the reading tools answer, beside what the git program itself prints."""

import asyncio
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL = ("--toolsets", "all", "--mode", "admin")


async def test_every_structured_result_fits_its_schema(serve: Any, repository: Any) -> None:
    """GT30."""
    calls: dict[str, dict[str, Any]] = {
        "git_repositories": {},
        "git_status": {},
        "git_diff_unstaged": {},
        "git_diff_staged": {},
        "git_diff": {"target": "HEAD~1"},
        "git_log": {"stat": True, "patch": True},
        "git_show": {"revision": "HEAD"},
        "git_branch": {"branch_type": "all"},
        "git_blame": {"path": "a.txt"},
        "git_grep": {"pattern": "one"},
        "git_ls_files": {},
        "git_tags": {},
        "git_stash_list": {},
        "git_compare": {"base": "HEAD~1", "head": "HEAD"},
    }
    repository.write("a.txt", "one\nmore\nchanged\n")
    async with serve("-r", repository.path) as git:
        schemas = {tool.name: tool.output_schema for tool in await git.client.list_tools()}
        for tool, arguments in calls.items():
            data = await git.ok(tool, **arguments)
            judge: Any = jsonschema.Draft202012Validator(schemas[tool])
            judge.validate(data)


async def test_an_unknown_argument_is_refused_with_the_right_name(serve: Any, repository: Any) -> None:
    """GT30."""
    async with serve("-r", repository.path) as git:
        answer = await git.refused("git_diff_unstaged", context_linse=3)
        assert "context_lines" in answer.text


async def test_status_of_a_repository_in_every_state(serve: Any, another: Any, tmp_path: Path) -> None:
    """GT10: unborn, detached, in a merge with conflicts, in a rebase, bare."""
    another("unborn").init()
    detached = another("detached").init()
    detached.commit("One", {"a": "a\n"})
    detached.git("checkout", "--quiet", "--detach")
    for name, words in (("merging", ("merge",)), ("rebasing", ("rebase",))):
        made = another(name).init()
        made.commit("Base", {"a": "a\n"})
        made.git("checkout", "--quiet", "-b", "side")
        made.commit("Side", {"a": "side\n"})
        made.git("checkout", "--quiet", "main")
        made.commit("Main", {"a": "main\n"})
        made.git(*words, "side", fails=True)
    another("bare.git").git("init", "--quiet", "--bare", "--initial-branch=main")
    async with serve("--root", tmp_path) as git:
        unborn = await git.ok("git_status", repo_path=str(tmp_path / "unborn"))
        assert (unborn["unborn"], unborn["branch"], unborn["clean"]) == (True, "main", True)
        apart = await git.ok("git_status", repo_path=str(tmp_path / "detached"))
        assert (apart["detached"], apart["head"]) == (True, detached.head)
        merging = await git.ok("git_status", repo_path=str(tmp_path / "merging"))
        assert merging["operation"] == "merge"
        assert [conflict["path"] for conflict in merging["conflicts"]] == ["a"]
        rebasing = await git.ok("git_status", repo_path=str(tmp_path / "rebasing"))
        assert rebasing["operation"] == "rebase"
        bare = await git.ok("git_status", repo_path=str(tmp_path / "bare.git"))
        assert (bare["bare"], bare["branch"], bare["unborn"]) == (True, "main", True)
        nothing = await git.refused("git_log", repo_path=str(tmp_path / "bare.git"))
        assert nothing.code == "bad_revision"


async def test_names_that_are_hard_to_write_come_back_as_they_were(serve: Any, repository: Any) -> None:
    """GT11: newline, tab, quote, a byte that is no UTF-8."""
    names = ["line\nbreak", "tab\there", 'quo"te', "byte\udcff", "back\\slash", "umläut", " space "]
    odd = {"line\\x0abreak", "tab\\x09here", "byte\\xff"}
    for name in names:
        repository.write(name, "1\n")
    async with serve("-r", repository.path) as git:
        seen = (await git.ok("git_status"))["untracked"]
        shown = [one["path"] for one in seen]
        assert json.loads(json.dumps(shown)) == shown
        assert set(shown) == {'quo"te', "back\\slash", "umläut", " space ", *odd}
        assert {one["path"] for one in seen if one.get("name_encoded")} == odd
        assert {one["path"] for one in (await git.ok("git_add", files=shown))["staged"]} == set(shown)
        await git.ok("git_commit", message="odd names")
        repository.write("byte\udcff", "2\n")
        changed = await git.ok("git_diff_unstaged", paths=["byte\\xff"])
    assert [one["path"] for one in changed["files"]] == ["byte\\xff"]
    assert "+2" in changed["diff"]
    assert len(repository.git("show", "--format=", "--name-only", "-z", "HEAD").split("\0")) == len(names) + 1


async def test_a_log_has_one_shape_and_loses_no_commit(serve: Any, repository: Any) -> None:
    """GT12: with and without dates; pages are the whole although a commit lands between."""
    for number in range(30):
        repository.commit(f"Commit {number}", {"n.txt": f"{number}\n"}, at=1_700_001_000 + number)
    expected = repository.git("rev-list", "HEAD").split()
    async with serve("-r", repository.path) as git:
        plain = await git.ok("git_log", max_count=3)
        dated = await git.ok("git_log", max_count=3, start_timestamp="2020-01-01")
        assert [set(commit) for commit in plain["commits"]] == [set(commit) for commit in dated["commits"]]
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await git.ok("git_log", max_count=7, **cursor)
            seen += [commit["hash"] for commit in page["commits"]]
            if len(seen) == 7:
                repository.commit("Between", at=1_700_009_000)
            if not page.get("next_cursor"):
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen == expected
        for wrong in (0, -1, 5001):
            assert (await git.refused("git_log", max_count=wrong)).code == "invalid_argument"
        author = await git.ok("git_log", author="Ada", max_count=1)
        assert author["commits"][0]["author"] == {"name": "Ada", "email": "ada@example.org"}


async def test_a_cursor_serves_only_its_own_question(serve: Any, repository: Any) -> None:
    """A bad cursor of a tool is a tool error, and nothing runs."""
    for number in range(5):
        repository.commit(f"Commit {number}")
    async with serve("-r", repository.path) as git:
        cursor = (await git.ok("git_log", max_count=2))["next_cursor"]
        for tool, arguments in (
            ("git_log", {"max_count": 3, "cursor": cursor}),
            ("git_log", {"max_count": 2, "cursor": f"{cursor}x"}),
            ("git_log", {"max_count": 2, "cursor": "x" * 5000}),
            ("git_ls_files", {"cursor": cursor}),
        ):
            assert (await git.refused(tool, **arguments)).code == "invalid_argument"


async def test_show_of_everything_that_git_can_show(serve: Any, repository: Any) -> None:
    """GT13: merge, root, tag, tree, blob; a picture is not text."""
    root = repository.git("rev-list", "--max-parents=0", "HEAD").strip()
    repository.git("checkout", "--quiet", "-b", "side", root)
    repository.commit("Side", {"side.txt": "side\n", "p.png": b"\x89PNG\r\n\x1a\n" + bytes(64)})
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "-m", "Merge side", "side")
    async with serve("-r", repository.path) as git:
        merge = await git.ok("git_show", revision="HEAD")
        assert len(merge["parents"]) == 2
        assert (await git.ok("git_show", revision=root))["parents"] == []
        assert "one" in (await git.ok("git_show", revision="HEAD:a.txt"))["content"]
        tag = await git.ok("git_show", revision="v1")
        assert tag["hash"] == root
        tree = await git.ok("git_show", revision="HEAD:sub")
        assert [entry["path"] for entry in tree["entries"]] == ["b.txt"]
        picture = await git.call("git_show", revision="HEAD:p.png")
        assert not picture.failed
        assert "PNG" not in picture.text.replace("p.png", "").replace("image/png", "")
        missing = await git.refused("git_show", revision="no-such-thing")
        assert missing.code == "bad_revision"


async def test_a_large_diff_is_bounded_and_goes_on(serve: Any, repository: Any) -> None:
    """GT14: the list of files is complete, every page is bounded, the pages are the whole."""
    files = {f"f{number}.txt": "".join(f"{number} {line}\n" for line in range(400)) for number in range(60)}
    repository.commit("Many", files)
    async with serve("-r", repository.path) as git:
        for wrong in (-5, 1_000_000):
            assert (await git.refused("git_diff", target="HEAD~1", context_lines=wrong)).code == "invalid_argument"
        seen = ""
        cursor: dict[str, str] = {}
        while True:
            page = await git.ok("git_diff", target="HEAD", base="HEAD~1", max_chars=20_000, **cursor)
            assert len(page["files"]) == 60
            assert len(page["diff"]) <= 22_000
            seen += page["diff"]
            if not page.get("next_cursor"):
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen.count("+++ b/") >= 60
        for number in range(60):
            assert f"+{number} 399\n" in seen


async def test_blame_equals_the_program(serve: Any, repository: Any) -> None:
    """GT26: a range, and revisions to pass over."""
    repository.commit("Third", {"a.txt": "one\nmore\nlast\n"})
    expected = [line.split()[0].lstrip("^") for line in repository.git("blame", "-l", "-s", "a.txt").splitlines()]
    async with serve("-r", repository.path) as git:
        blamed = await git.ok("git_blame", path="a.txt")
        lines = {at: hunk["commit"] for hunk in blamed["hunks"] for at in range(hunk["start"], hunk["end"] + 1)}
        assert [commit[:39] for _, commit in sorted(lines.items())] == [commit[:39] for commit in expected]
        part = await git.ok("git_blame", path="a.txt", start_line=2, end_line=3)
        assert [hunk["start"] for hunk in part["hunks"]] == [2, 3]
        repository.commit("Names", {"passed.txt": f"{repository.head}\n"})
        words = ("blame", "-l", "-s", "--ignore-revs-file=passed.txt", "HEAD", "--", "a.txt")
        program = [line.split()[0].lstrip("^")[:39] for line in repository.git(*words).splitlines()]
        passed = await git.ok("git_blame", path="a.txt", revision="HEAD", ignore_revs_file="passed.txt")
        assert [hunk["commit"][:39] for hunk in passed["hunks"] for _ in hunk["lines"]] == program


async def test_grep_finds_lines_and_takes_every_pattern_as_one(serve: Any, repository: Any) -> None:
    repository.commit("Dash", {"dash.txt": "--output=x\n(a+)+$\n"})
    async with serve("-r", repository.path) as git:
        found = await git.ok("git_grep", pattern="--output=x", mode="fixed")
        assert [(match["path"], match["line"]) for match in found["matches"]] == [("dash.txt", 1)]
        assert (await git.ok("git_grep", pattern="nowhere"))["matches"] == []


async def test_a_subdirectory_a_name_and_nothing_at_all_lead_to_the_repository(
    serve: Any, repository: Any, another: Any
) -> None:
    """GT9: omitted with one repository, refused with two."""
    path = repository.path
    second = another("second").init()
    second.commit("Second", {"x": "x\n"})
    async with serve("-r", path) as git:
        for given in ({}, {"repo_path": str(path / "sub")}, {"repo_path": "repository"}, {"repo_path": f"{path}/"}):
            assert (await git.ok("git_status", **given))["head"] == repository.head
    async with serve("-r", path, "-r", second.path) as git:
        answer = await git.refused("git_status")
        assert answer.code == "invalid_argument"
        assert str(path) in answer.text
        assert str(second.path) in answer.text
        assert (await git.ok("git_status", repo_path=str(second.path)))["head"] == second.head


async def test_reading_changes_not_one_byte(serve: Any, repository: Any) -> None:
    """GT28: the index and everything else in `.git` among it."""
    repository.write("a.txt", "touched\n")
    before = repository.snapshot()
    async with serve("-r", repository.path, "--mode", "read-only", "--toolsets", "all") as git:
        tools = await git.client.list_tools()
        assert [tool.name for tool in tools if not (tool.annotations and tool.annotations.read_only_hint)] == []
        for tool in tools:
            required = tool.input_schema.get("required", [])
            plain = {"path": "a.txt", "pattern": "one", "paths": ["a.txt"], "name": "user.name", "base": "HEAD~1"}
            await git.call(tool.name, **{name: plain.get(name, "HEAD") for name in required})
    assert repository.snapshot() == before


async def test_parallel_calls_lose_nothing(serve: Any, repository: Any) -> None:
    """GT25."""
    for number in range(10):
        repository.write(f"p{number}.txt", f"{number}\n")
    before = int(repository.git("rev-list", "--count", "HEAD"))
    async with serve("-r", repository.path, *ALL) as git:
        async with asyncio.TaskGroup() as group:
            for number in range(10):
                group.create_task(git.ok("git_add", files=[f"p{number}.txt"]))
                group.create_task(git.ok(("git_status", "git_log")[number % 2]))
        assert len((await git.ok("git_status"))["staged"]) == 10
        async with asyncio.TaskGroup() as group:
            for number in range(5):
                group.create_task(git.ok("git_tag_create", name=f"t{number}"))
                group.create_task(git.ok("git_commit", message=f"c{number}", allow_empty=True))
    assert int(repository.git("rev-list", "--count", "HEAD")) == before + 5
    assert len(repository.git("tag", "--list", "t*").split()) == 5


async def test_dates_are_read_by_the_server(serve: Any, repository: Any) -> None:
    """ISO 8601, seconds, and a few relative words; anything else is refused."""
    async with serve("-r", repository.path) as git:
        for value in ("yesterday", "2 weeks ago", "2024-01-01T00:00:00Z", "1700000050"):
            await git.ok("git_log", start_timestamp=value)
        assert (await git.refused("git_log", start_timestamp="--output=x")).code == "invalid_argument"

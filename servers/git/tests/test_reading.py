"""git_diff*, git_log, git_show, git_branch, git_tags, git_blame, git_grep, git_ls_files, git_compare in detail."""

import base64
from typing import Any

import pytest

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


async def every_page(at: Any, tool: str, key: str, **arguments: Any) -> list[Any]:
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = await at.ok(tool, **arguments, **cursor)
        found.append(page[key])
        if "next_cursor" not in page:
            assert not page["truncated"]
            return found
        assert page["truncated"]
        cursor = {"cursor": page["next_cursor"]}


def added(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("+") and not line.startswith("+++")]


async def test_a_diff_in_pages_is_the_whole_diff(repo: Any, desk: Any) -> None:
    """GT14: by file, then hunk, then line; the files are all there on every page."""
    repo.commit("first", **{f"f{number}__txt": "line\n" * 400 for number in range(6)})
    for number in range(6):
        lines = ["line\n"] * 400
        lines[number * 10] = "changed\n"
        lines[300] = "changed too\n"
        repo.write(f"f{number}.txt", "".join(lines))
    repo.write("long.txt", "".join(f"new line {number}\n" for number in range(500)))
    repo.git("add", "--all")
    whole = repo.git("diff", "--cached", "--src-prefix=a/", "--dst-prefix=b/") + "\n"
    async with desk(repo) as at:
        pages = await every_page(at, "git_diff_staged", "diff", max_chars=700)
        one = await at.ok("git_diff_staged", max_chars=700)
        assert len(one["files"]) == 7
        assert {file["additions"] for file in one["files"]} == {2, 500}
    assert all(len(page) <= 700 * 1.1 + 200 for page in pages)
    added = [
        line for page in pages for line in page.splitlines() if line.startswith("+") and not line.startswith("+++")
    ]
    assert added == [line for line in whole.splitlines() if line.startswith("+") and not line.startswith("+++")]
    for number in range(6):
        assert "".join(pages).count(f"diff --git a/f{number}.txt") >= 1


async def test_new_files_are_shown_as_such_and_leave_nothing_behind(repo: Any, desk: Any) -> None:
    repo.commit(a="1\n")
    repo.write("new.txt", "brand new\n")
    before = sorted(str(path) for path in repo.dot_git.rglob("*"))
    async with desk(repo) as at:
        without = await at.ok("git_diff_unstaged")
        found = await at.ok("git_diff_unstaged", include_untracked=True)
    assert without["files"] == []
    assert [file["status"] for file in found["files"]] == ["added"]
    assert "+brand new" in found["diff"]
    assert sorted(str(path) for path in repo.dot_git.rglob("*")) == before


async def test_text_of_lock_files_is_left_out_unless_it_is_asked_for(repo: Any, desk: Any) -> None:
    repo.commit("first", a="1\n")
    repo.commit("second", **{"uv__lock": "lots\n", "a": "2\n", "x.min__js": "x\n"})
    async with desk(repo) as at:
        found = await at.ok("git_diff", base="HEAD~1", target="HEAD")
        asked = await at.ok("git_diff", base="HEAD~1", target="HEAD", paths=["uv.lock"])
        every = await at.ok("git_diff", base="HEAD~1", target="HEAD", exclude_generated=False)
    assert found["excluded"] == ["uv.lock", "x.min.js"]
    assert len(found["files"]) == 3
    assert "+lots" not in found["diff"]
    assert "+2" in found["diff"]
    assert "+lots" in asked["diff"]
    assert "+lots" in every["diff"]


async def test_a_diff_can_be_shaped(repo: Any, desk: Any) -> None:
    repo.commit("first", a="one two\nthree\n" * 3)
    repo.git("mv", "a", "b")
    repo.commit("second", b="one  two\nthree\n" + "one two\nthree\n" * 2)
    async with desk(repo) as at:
        ids = {"base": "HEAD~1", "target": "HEAD"}
        renamed = await at.ok("git_diff", **ids)
        apart = await at.ok("git_diff", **ids, find_renames=False)
        quiet = await at.ok("git_diff", **ids, ignore_whitespace=True)
        words = await at.ok("git_diff", **ids, word_diff=True)
        names = await at.ok("git_diff", **ids, name_only=True)
        numbers = await at.ok("git_diff", **ids, stat=True, context_lines=0)
    assert [(file["status"], file.get("old_path")) for file in renamed["files"]] == [("renamed", "a")]
    assert sorted(file["status"] for file in apart["files"]) == ["added", "deleted"]
    assert "@@" not in quiet["diff"]
    assert "@@" in words["diff"]
    assert (names["diff"], names["files"][0]["additions"]) == ("", None)
    assert (numbers["diff"], numbers["files"][0]["additions"]) == ("", 1)
    assert renamed["base_commit"] == repo.git("rev-parse", "HEAD~1")


async def test_a_diff_from_where_two_branches_parted(repo: Any, desk: Any) -> None:
    base = repo.commit("first", a="1\n")
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("side", b="1\n")
    repo.git("checkout", "-q", "main")
    repo.commit("main", c="1\n")
    repo.git("checkout", "-q", "--orphan", "alone")
    repo.commit("alone", d="1\n")
    async with desk(repo) as at:
        found = await at.ok("git_diff", base="main", target="side", merge_base=True)
        compared = await at.ok("git_compare", base="main", head="side")
        assert await at.refused("git_compare", base="main", head="alone") == "git_failed"
    assert [file["path"] for file in found["files"]] == ["b"]
    assert (found["base_commit"], compared["merge_base"]) == (base, base)
    assert (compared["ahead"], compared["behind"]) == (1, 1)
    assert [one["subject"] for one in compared["commits"]] == ["side"]


@pytest.fixture
def story(repo: Any) -> Any:
    """A merge of two branches, by two authors."""
    repo.commit("first: alpha", a="needle\n")
    repo.commit("second: beta\n\nBody here\n\nReviewed-by: Eve <e@x>", b="x\n")
    repo.git("checkout", "-q", "-b", "side")
    repo.env["GIT_AUTHOR_NAME"] = "Eve"
    repo.commit("third: gamma", a="gone\n")
    repo.env["GIT_AUTHOR_NAME"] = "Ada"
    repo.git("checkout", "-q", "main")
    repo.commit("fourth: delta", b="y\n")
    repo.git("merge", "-q", "--no-edit", "side")
    return repo


async def test_the_log_is_filtered_in_every_way(story: Any, desk: Any) -> None:
    async def subjects(**arguments: Any) -> list[str]:
        return [one["subject"].partition(":")[0] for one in (await at.ok("git_log", **arguments))["commits"]]

    async with desk(story) as at:
        assert await subjects(author="Eve", merges="none") == ["third"]
        assert await subjects(grep="^second|^first") == ["second", "first"]
        assert await subjects(grep="^f", grep_invert=True) == ["Merge branch 'side'", "third", "second"]
        assert await subjects(pickaxe="needle") == ["third", "first"]
        assert await subjects(pickaxe_regex="ne+dle") == ["third", "first"]
        assert await subjects(merges="only") == ["Merge branch 'side'"]
        assert await subjects(first_parent=True) == ["Merge branch 'side'", "fourth", "second", "first"]
        assert await subjects(paths=["b"]) == ["fourth", "second"]
        assert await subjects(range="side..main") == ["Merge branch 'side'", "fourth"]
        assert sorted(await subjects(range="side...HEAD~1")) == ["fourth", "third"]
        assert await subjects(ref="side", max_count=1) == ["third"]
        assert await subjects(line_range="1,1:a") == ["third", "first"]
        assert await subjects(order="topo", max_count=2) == ["Merge branch 'side'", "third"]
        assert await subjects(end_timestamp="1700000060") == ["first"]


async def test_the_log_tells_trailers_numbers_and_texts(story: Any, desk: Any) -> None:
    async with desk(story) as at:
        found = await at.ok("git_log", grep="second", stat=True, patch=True)
        for wrong in (
            {"pickaxe": "x", "pickaxe_regex": "x"},
            {"line_range": "0,1:a"},
            {"line_range": "a"},
            {"follow": True},
        ):
            assert await at.refused("git_log", **wrong) == "invalid_argument"
        assert await at.refused("git_log", range="main") == "bad_revision"
        assert await at.refused("git_log", ref="nowhere") == "bad_revision"
    (commit,) = found["commits"]
    assert commit["trailers"] == [["Reviewed-by", "Eve <e@x>"]]
    assert commit["body"].startswith("Body here")
    assert commit["stat"] == [{"path": "b", "status": "modified", "additions": 1, "deletions": 0}]
    assert "+x" in commit["patch"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"pickaxe": "x", "pickaxe_regex": "x"}, "invalid_argument"),
        ({"line_range": "0,1:a"}, "invalid_argument"),
        ({"line_range": "a"}, "invalid_argument"),
        ({"line_range": "1,1:a", "paths": ["a"]}, "invalid_argument"),
        ({"follow": True}, "invalid_argument"),
        ({"range": "main"}, "bad_revision"),
        ({"ref": "nowhere"}, "bad_revision"),
        ({"start_timestamp": "soon"}, "invalid_argument"),
    ],
)
async def test_questions_that_make_no_sense_are_refused(
    repo: Any, desk: Any, arguments: dict[str, Any], code: str
) -> None:
    repo.commit("first", a="1\n")
    async with desk(repo) as at:
        assert await at.refused("git_log", **arguments) == code


async def test_a_file_is_followed_through_renames(repo: Any, desk: Any) -> None:
    repo.commit("first", old="1\n2\n3\n")
    repo.git("mv", "old", "new")
    repo.commit("second")
    async with desk(repo) as at:
        found = await at.ok("git_log", paths=["new"], follow=True)
        short = await at.ok("git_log", paths=["new"])
    assert [one["subject"] for one in found["commits"]] == ["second", "first"]
    assert [one["subject"] for one in short["commits"]] == ["second"]


async def test_what_is_not_utf8_is_replaced_and_declared_encodings_are_obeyed(repo: Any, desk: Any) -> None:
    """GT11."""
    repo.git("config", "i18n.commitEncoding", "ISO-8859-1")
    repo.write("a")
    repo.git("add", "a")
    repo.git("commit", "-q", "-F", "-", stdin="Größe".encode("latin-1"))
    repo.git("config", "--unset", "i18n.commitEncoding")
    raw = b"tree %s\nauthor \xff <a@b> 1 +0000\ncommitter c <a@b> 1 +0000\n\nbad \xfe\x1b[31m\n"
    odd = repo.git(
        "hash-object", "-t", "commit", "-w", "--stdin", stdin=raw % repo.git("rev-parse", "HEAD^{tree}").encode()
    )
    async with desk(repo) as at:
        latin = await at.ok("git_log")
        result = await at.call("git_show", revision=odd)
    assert latin["commits"][0]["subject"] == "Größe"
    assert result.data["author"]["name"] == "\ufffd"
    assert "\x1b" not in result.text


async def test_a_file_as_it_was_is_text_or_a_picture_or_refused_when_large(repo: Any, desk: Any) -> None:
    """GT13."""
    repo.commit("first", a__txt="héllo\n" * 3, p__png=PNG, b__bin=b"\0\1\2")
    (repo.path / "link").symlink_to("a.txt")
    repo.write("latin.txt", "é\n".encode("latin-1"))
    repo.write("large.txt", "x" * 2000)
    repo.commit("more")
    async with desk(repo, max_blob_bytes=1024) as at:
        text = await at.ok("git_show", revision="HEAD:a.txt")
        picture = await at.call("git_show", revision="HEAD:p.png")
        binary = await at.call("git_show", revision="HEAD:b.bin")
        link = await at.ok("git_show", revision="HEAD:link")
        latin = await at.ok("git_show", revision="HEAD:latin.txt")
        assert await at.refused("git_show", revision="HEAD:large.txt") == "too_large"
        assert await at.refused("git_show", revision="HEAD:missing") == "bad_revision"
    assert (text["content"], text["encoding"], text["size"]) == ("héllo\n" * 3, "utf-8", 21)
    assert (link["content"], latin["content"]) == ("a.txt", "é\n")
    assert picture.raw["content"][1]["type"] == "image"
    assert base64.b64decode(picture.raw["content"][1]["data"]) == PNG
    assert binary.raw["content"][1]["resource"]["blob"] == "AAEC"
    assert "content" not in binary.data


async def test_a_long_file_and_a_large_directory_come_in_pages(repo: Any, desk: Any) -> None:
    repo.commit("first", long__txt="".join(f"line {number}\n" for number in range(300)))
    tree = "".join(f"100644 blob {repo.git('rev-parse', 'HEAD:long.txt')}\tf{number:04}\n" for number in range(1500))
    large = repo.git("mktree", stdin=tree.encode())
    async with desk(repo) as at:
        texts = await every_page(at, "git_show", "content", revision="HEAD:long.txt", max_chars=500)
        entries = await every_page(at, "git_show", "entries", revision=large)
    assert "".join(texts) == "".join(f"line {number}\n" for number in range(300))
    assert all(text.endswith("\n") for text in texts)
    assert [len(page) for page in entries] == [1000, 500]


async def test_branches_are_listed_filtered_and_in_pages(repo: Any, desk: Any) -> None:
    first = repo.commit("first", a="1\n")
    for name in ("feature/one", "feature/two", "other"):
        repo.git("branch", name)
    repo.git("checkout", "-q", "other")
    repo.commit("second", a="2\n")
    repo.git("update-ref", "refs/remotes/origin/main", first)
    repo.git("config", "remote.origin.url", "https://example.org/x")
    repo.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    repo.git("branch", "--set-upstream-to=origin/main")

    async def names(**arguments: Any) -> set[str]:
        return {one["name"] for one in (await at.ok("git_branch", **arguments))["branches"]}

    async with desk(repo) as at:
        found = await at.ok("git_branch", sort="refname")
        assert await names(contains="other") == {"other"}
        assert await names(not_contains="other") == {"main", "feature/one", "feature/two"}
        assert await names(merged="main") == {"main", "feature/one", "feature/two"}
        assert await names(no_merged="main") == {"other"}
        assert await names(pattern="feature/*") == {"feature/one", "feature/two"}
        assert await names(branch_type="remote") == {"origin/main"}
        assert len(await names(branch_type="all")) == 5
        pages = await every_page(at, "git_branch", "branches", limit=3, sort="refname")
    assert found["current"] == "other"
    other = found["branches"][-1]
    assert (other["current"], other["upstream"], other["ahead"], other["behind"]) == (True, "origin/main", 1, 0)
    assert [len(page) for page in pages] == [3, 1]


async def test_tags_are_listed(repo: Any, desk: Any) -> None:
    commit = repo.commit("first", a="1\n")
    repo.git("tag", "light")
    repo.git("tag", "-a", "v1.10", "-m", "Ten")
    repo.git("tag", "-a", "v1.9", "-m", "Nine")
    async with desk(repo) as at:
        found = await at.ok("git_tags", sort="-version", pattern="v*")
        light = await at.ok("git_tags", pattern="light")
    assert [one["name"] for one in found["tags"]] == ["v1.10", "v1.9"]
    assert (found["tags"][0]["commit"], found["tags"][0]["tagger"]["name"]) == (commit, "Ada")
    assert (light["tags"][0]["annotated"], light["tags"][0]["commit"]) == (False, commit)


async def test_blame_follows_lines_and_passes_over_commits(repo: Any, desk: Any) -> None:
    """GT26."""
    first = repo.commit("first", f="a\nb\nc\n")
    second = repo.commit("format", f="A\nb\nc\n")
    repo.commit("names", ignore=f"{second}\n")
    repo.write("f", "A\nb\nc\nd\n")
    repo.write("empty", "")
    async with desk(repo) as at:
        plain = await at.ok("git_blame", path="f")
        passed = await at.ok("git_blame", path="f", revision="HEAD", ignore_revs_file="ignore")
        part = await every_page(at, "git_blame", "hunks", path="f", limit=2)
        repo.git("add", "empty")
        none = await at.ok("git_blame", path="empty")
        for wrong in ({"start_line": 3, "end_line": 2}, {"start_line": 99}, {"ignore_revs_file": "../x"}):
            assert await at.refused("git_blame", path="f", **wrong) == "invalid_argument"
        (repo.path / "link").symlink_to("/etc/passwd")
        assert await at.refused("git_blame", path="f", ignore_revs_file="link") == "invalid_argument"
    assert [(one["commit"], one["start"], one["end"]) for one in plain["hunks"]] == [
        (second, 1, 1), (first, 2, 3), ("0" * 40, 4, 4),
    ]  # fmt: skip
    assert [one["commit"] for one in passed["hunks"]] == [first]
    assert [line for page in part for hunk in page for line in hunk["lines"]] == ["A", "b", "c", "d"]
    assert none["hunks"] == []


async def test_grep_finds_in_the_work_tree_and_in_commits(repo: Any, desk: Any) -> None:
    repo.commit("first", a="one (x)\ntwo\nthree\n", b="ONE (x)\n", c__bin=b"one\0")
    repo.write("a", "four\n")
    async with desk(repo) as at:
        now = await at.ok("git_grep", pattern="one|four")
        then = await at.ok("git_grep", pattern="one|four", revision="HEAD", context=1)
        fixed = await at.ok("git_grep", pattern="(X)", mode="fixed", case_sensitive=False, paths=["b"])
        pages = await every_page(at, "git_grep", "matches", pattern="t", revision="HEAD", max_matches=1)
    assert [(one["path"], one["line"], one["column"]) for one in now["matches"]] == [("a", 1, 1)]
    assert [(one["text"], one["column"]) for one in then["matches"]] == [("one (x)", 1), ("two", None)]
    assert [one["path"] for one in fixed["matches"]] == ["b"]
    assert [len(page) for page in pages] == [1, 1]


async def test_files_are_listed_by_what_git_thinks_of_them(repo: Any, desk: Any) -> None:
    repo.commit("first", __gitignore="*.log\n", a="1\n", b="1\n")
    repo.write("a", "2\n")
    (repo.path / "b").unlink()
    for name in ("new", "x.log"):
        repo.write(name)
    (repo.path / "link").symlink_to("a")
    async with desk(repo) as at:
        found = {
            kind: [(one["path"], one["type"]) for one in (await at.ok("git_ls_files", kind=kind))["entries"]]
            for kind in ("tracked", "modified", "untracked", "ignored")
        }
        pages = await every_page(at, "git_ls_files", "entries", limit=2)
    assert found == {
        "tracked": [(".gitignore", "file"), ("a", "file"), ("b", "file")],
        "modified": [("a", "file"), ("b", "deleted")],
        "untracked": [("link", "link"), ("new", "file")],
        "ignored": [("x.log", "file")],
    }
    assert [len(page) for page in pages] == [2, 1]


@pytest.mark.parametrize("options", [("--object-format=sha256",)])
async def test_sha256_repositories_are_served(make_repo: Any, desk: Any, options: tuple[str, ...]) -> None:
    repo = make_repo("wide", *options)
    head = repo.commit("first", a="1\n")
    async with desk(repo) as at:
        assert (await at.ok("git_status"))["head"] == head
        assert (await at.ok("git_log"))["commits"][0]["hash"] == head
        assert (await at.ok("git_show", revision="HEAD"))["files"][0]["path"] == "a"
        assert len((await at.ok("git_commit", message="x", allow_empty=True))["commit"]) == 64


async def test_a_damaged_repository_says_so(repo: Any, desk: Any) -> None:
    repo.commit("first", a="1\n")
    for path in (repo.dot_git / "objects").glob("??/*"):
        path.chmod(0o644)
        path.write_bytes(b"junk")
    async with desk(repo) as at:
        for tool, arguments in (("git_log", {}), ("git_show", {"revision": "HEAD"})):
            assert await at.refused(tool, **arguments) in {"git_failed", "bad_revision"}
        (repo.dot_git / "HEAD").write_text("junk")
        assert await at.refused("git_status") == "not_a_repository"


async def test_names_with_separators_of_other_alphabets_are_one_name(repo: Any, desk: Any) -> None:
    """U+2028 ends a line for Python, and not for git."""
    name = "a\u2028b"
    repo.commit("first", **{name: "1\n", "line\nbreak": "2\n"})
    repo.git("branch", name)
    async with desk(repo, mode="admin", toolsets=["all"]) as at:
        assert (await at.ok("git_checkout", branch_name=name))["to"] == name
        assert await at.refused("git_show", revision=f"{name}x") == "bad_revision"
        assert (await at.ok("git_show", revision=f"HEAD:{name}"))["content"] == "1\n"
        assert (await at.ok("git_show", revision="HEAD:line\\x0abreak"))["content"] == "2\n"

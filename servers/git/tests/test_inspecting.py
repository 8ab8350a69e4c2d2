"""The toolset `inspect`."""

from typing import Any

import pytest

ALL: dict[str, Any] = {"mode": "admin", "toolsets": ["all"]}


async def test_a_tree_is_listed_in_pages(repo: Any, desk: Any) -> None:
    repo.commit("first", a="1\n", **{"d/e/f": "1\n", "d/g": "1\n"})
    (repo.path / "link").symlink_to("a")
    repo.commit("link")
    async with desk(repo, **ALL) as at:
        top = await at.ok("git_ls_tree", revision="HEAD")
        every = await at.ok("git_ls_tree", revision="HEAD", recursive=True)
        inside = await at.ok("git_ls_tree", revision="HEAD", path="d")
        page = await at.ok("git_ls_tree", revision="HEAD", limit=2)
        repo.commit("more", **{"0": "1\n"})
        rest = await at.ok("git_ls_tree", revision="HEAD", limit=2, cursor=page["next_cursor"])
        assert await at.refused("git_ls_tree", revision="HEAD", path="a") == "invalid_argument"
    assert [(one["path"], one["type"]) for one in top["entries"]] == [("a", "blob"), ("d", "tree"), ("link", "link")]
    assert [one["path"] for one in every["entries"]] == ["a", "d/e/f", "d/g", "link"]
    assert [one["path"] for one in inside["entries"]] == ["e", "g"]
    assert [one["path"] for one in rest["entries"]] == ["link"]


async def test_the_reflog_tells_where_a_branch_has_been(repo: Any, desk: Any) -> None:
    first = repo.commit("first", a="1\n")
    repo.commit("second", a="2\n")
    repo.git("reset", "-q", "--hard", first)
    async with desk(repo, **ALL) as at:
        found = await at.ok("git_reflog")
        of_branch = await at.ok("git_reflog", ref="main", limit=1)
        assert await at.refused("git_reflog", ref="nowhere") == "invalid_argument"
    latest = found["entries"][0]
    assert (latest["commit"], latest["action"]) == (first, "reset")
    assert (len(found["entries"]), of_branch["truncated"]) == (3, True)


async def test_a_commit_is_named_by_the_nearest_tag(repo: Any, desk: Any) -> None:
    repo.commit("first", a="1\n")
    async with desk(repo, **ALL) as at:
        assert (await at.ok("git_describe"))["description"] is None
        repo.git("tag", "light")
        assert (await at.ok("git_describe", tags=True))["description"] == "light"
        repo.git("tag", "-a", "v1", "-m", "x")
        repo.commit("second", a="2\n")
        assert (await at.ok("git_describe"))["description"].startswith("v1-1-g")
        repo.write("a", "3\n")
        assert (await at.ok("git_describe", dirty=True))["description"].endswith("-dirty")
        assert await at.refused("git_describe", dirty=True, revision="v1") == "invalid_argument"


async def test_contributors_are_counted(repo: Any, desk: Any) -> None:
    repo.commit("first", a="1\n")
    repo.git("branch", "old")
    repo.env["GIT_AUTHOR_NAME"] = "Eve"
    for number in range(2):
        repo.commit(f"{number}", a=f"{number + 2}\n")
    async with desk(repo, **ALL) as at:
        found = await at.ok("git_shortlog")
        some = await at.ok("git_shortlog", range="old..HEAD", by="committer")
    assert [(one["name"], one["commits"]) for one in found["contributors"]] == [("Eve", 2), ("Ada", 1)]
    assert [(one["name"], one["commits"]) for one in some["contributors"]] == [("Ada", 2)]


async def test_why_a_path_is_ignored(repo: Any, desk: Any) -> None:
    repo.commit("first", __gitignore="# x\n*.log\n!keep.log\n")
    async with desk(repo, **ALL) as at:
        found = await at.ok("git_check_ignore", paths=["a.log", "keep.log", "a.txt", ":!x"])
    assert [(one["path"], one["ignored"], one["source"], one["line"], one["pattern"]) for one in found["paths"]] == [
        ("a.log", True, ".gitignore", 2, "*.log"),
        ("keep.log", False, ".gitignore", 3, "!keep.log"),
        ("a.txt", False, None, None, None),
        (":!x", False, None, None, None),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "core.sshCommand",
        "http.extraHeader",
        "credential.helper",
        "alias.x",
        "remote.origin.uploadpack",
        "",
        "user",
        "--list",
    ],
)
async def test_only_harmless_settings_are_read(repo: Any, desk: Any, name: str) -> None:
    async with desk(repo, **ALL) as at:
        assert await at.refused("git_config_get", name=name) == "invalid_argument"


async def test_settings_and_remotes_are_read_without_credentials(repo: Any, desk: Any) -> None:
    repo.git("remote", "add", "origin", "https://user:p4ssw0rd@example.org/x")
    async with desk(repo, **ALL) as at:
        assert (await at.ok("git_config_get", name="User.Name"))["value"] == "Ada"
        assert (await at.ok("git_config_get", name="core.autocrlf"))["value"] is None
        url = await at.call("git_config_get", name="remote.origin.url")
        remotes = await at.call("git_remotes")
    assert url.data["value"] == "https://***@example.org/x"
    assert remotes.data["remotes"] == [{"name": "origin", "url": "https://***@example.org/x", "push_url": None}]
    assert "p4ssw0rd" not in url.text + remotes.text


async def test_submodules_are_listed_without_entering_them(repo: Any, make_repo: Any, desk: Any) -> None:
    library = make_repo("library")
    head = library.commit("library", a="1\n")
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.path), "lib")
    repo.git("config", "-f", ".gitmodules", "submodule.lib.url", "https://u:p4ss@example.org/lib")
    repo.commit("with a library")
    async with desk(repo, **ALL) as at:
        found = await at.call("git_submodules")
        status = await at.ok("git_status")
    assert found.data["submodules"] == [
        {"path": "lib", "commit": head, "url": "https://***@example.org/lib", "populated": True}
    ]
    assert "p4ss" not in found.text
    assert status["clean"]


async def test_each_side_of_a_conflict_is_shown(repo: Any, desk: Any) -> None:
    repo.commit("first", a="base\n", b__bin=b"\0base")
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("side", a="theirs\n", b__bin=b"\0theirs")
    repo.git("checkout", "-q", "main")
    repo.commit("main", a="ours\n", b__bin=b"\0ours")
    repo.git("merge", "side", check=False)
    async with desk(repo, **ALL) as at:
        found = await at.ok("git_conflicts")
        none = await at.ok("git_conflicts", paths=["missing"])
    text, binary = found["conflicts"]
    assert (text["ours"], text["theirs"], text["base"]) == ("ours\n", "theirs\n", "base\n")
    assert "<<<<<<<" in text["markers"]
    assert (binary["path"], binary["binary"], binary["ours"]) == ("b.bin", True, None)
    assert none["conflicts"] == []

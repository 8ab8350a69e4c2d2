"""A repository is untrusted input: nothing that it names runs, and nothing outside what was allowed is read."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.client.remote import RemoteError

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL = ("--toolsets", "all", "--mode", "admin")
REFS = (("git_show", "revision"), ("git_diff", "target"), ("git_log", "ref"), ("git_checkout", "branch_name"))
INJECTIONS = (
    "--output={}",
    "-O{}",
    "--no-index",
    "--exec=touch {}",
    "--upload-pack=touch {}",
    "-cx=y",
    "--outpu={}",
    "--",
    "",
)


async def every_tool(git: Any, **over: Any) -> dict[str, Any]:
    """Call every tool once with the plainest arguments; what each answered."""
    answers: dict[str, Any] = {}
    for tool in await git.client.list_tools():
        schema = tool.input_schema
        known = schema.get("properties", {})
        arguments = {name: plain(name, known[name]) for name in schema.get("required", [])}
        answers[tool.name] = await git.call(tool.name, **arguments, **over)
    return answers


PLAIN = {
    "target": "HEAD~1",
    "revision": "HEAD",
    "base": "HEAD~1",
    "head": "HEAD",
    "path": "a.txt",
    "files": ["a.txt", "new.bin"],
    "paths": ["a.txt"],
    "pattern": "one",
    "message": "A message",
    "branch_name": "other",
    "url": "https://example.org/x.git",
    "remote": "origin",
    "name": "user.name",
}


def plain(name: str, schema: dict[str, Any]) -> Any:
    if name in PLAIN:
        return PLAIN[name]
    if "enum" in schema:
        return schema["enum"][0]
    by_type: dict[str, Any] = {"array": [], "integer": 0, "boolean": True}
    return by_type.get(schema.get("type", "string"), "other")


async def test_no_program_that_a_repository_names_runs(serve: Any, hostile: Any, marker: Any) -> None:
    """GT1, GT2: configuration, attributes and hooks, every tool of every toolset."""
    async with serve("-r", hostile.path, *ALL) as git:
        answers = await every_tool(git)
        assert not marker.left, [name for name, answer in answers.items() if not answer.failed]
        await git.ok("git_status")
        hostile.write("a.txt", "changed once more\n")
        await git.ok("git_add", files=["a.txt"])
        committed = await git.ok("git_commit", message="Mine")
        assert committed["hooks"] == "skipped"
        await git.ok("git_diff", target="HEAD~1")
        await git.ok("git_checkout", branch_name="other")
        await git.ok("git_show", revision="HEAD")
    assert not marker.left
    assert hostile.sound()


async def test_a_disabled_filter_is_said_and_a_required_one_refuses(serve: Any, hostile: Any, marker: Any) -> None:
    """GT1: raw content committed unnoticed would be a silent change of what the file means."""
    async with serve("-r", hostile.path) as git:
        added = await git.ok("git_add", files=["new.bin"])
        assert added["filters_skipped"] == ["new.bin"]
        hostile.git("config", "--local", "filter.evil.required", "true")
        await git.ok("git_reset")
        refused = await git.refused("git_add", files=["new.bin"])
        assert refused.code == "denied_policy"
    assert not marker.left


async def test_filters_in_the_configuration_of_a_submodule_do_not_run(
    serve: Any, repository: Any, another: Any, program: str, marker: Any
) -> None:
    """A submodule's own configuration is not reached by overrides of the one above."""
    other = another("library").init()
    other.commit("Library", {"x.bin": "x\n"})
    repository.git("submodule", "add", "--quiet", str(other.path), "library")
    repository.commit("With a library")
    inner = another(repository.path / "library")
    inner.git("config", "--local", "filter.evil.clean", program)
    inner.git("config", "--local", "core.fsmonitor", program)
    (repository.path / ".git" / "modules" / "library" / "info" / "attributes").write_text("*.bin filter=evil\n")
    inner.write("x.bin", "changed\n")
    async with serve("-r", repository.path, *ALL) as git:
        await git.ok("git_status")
        await git.ok("git_diff_unstaged")
        await git.call("git_add", files=["."])
        await git.call("git_commit", message="All")
    assert not marker.left


WAYS_OUT = ("gitfile", "link", "alternates", "worktree")


async def test_a_repository_that_leads_outside_is_unsafe(serve: Any, another: Any, tmp_path: Path) -> None:
    """GT3: a `.git` file, a link, alternates, and core.worktree."""
    outside = another("outside").init()
    outside.commit("Secret", {"secret.txt": "the secret\n"})
    for way in WAYS_OUT:
        (tmp_path / "allowed" / way).mkdir(parents=True)
        lead_out(another(tmp_path / "allowed" / way), outside, way)
    async with serve("--root", tmp_path / "allowed", *ALL) as git:
        for way in WAYS_OUT:
            for tool, arguments in (
                ("git_status", {}),
                ("git_log", {}),
                ("git_show", {"revision": outside.head}),
                ("git_ls_files", {}),
            ):
                answer = await git.refused(tool, repo_path=str(tmp_path / "allowed" / way), **arguments)
                assert answer.code == "unsafe_repository", answer.text
                assert "secret" not in answer.text


def lead_out(inside: Any, outside: Any, way: str) -> None:
    dot_git = inside.path / ".git"
    if way == "gitfile":
        dot_git.write_text(f"gitdir: {outside.path / '.git'}\n")
    elif way == "link":
        dot_git.symlink_to(outside.path / ".git")
    elif way == "alternates":
        inside.init().commit("Mine", {"a.txt": "a\n"})
        (dot_git / "objects" / "info").mkdir(exist_ok=True)
        (dot_git / "objects" / "info" / "alternates").write_text(f"{outside.path / '.git' / 'objects'}\n")
    else:
        inside.init().commit("Mine", {"a.txt": "a\n"})
        inside.git("config", "--local", "core.worktree", "/")


async def test_cve_2025_68145_repo_boundary(serve: Any, repository: Any, another: Any, tmp_path: Path) -> None:
    """GT4: outside, a sibling's prefix, a link, dots; the same words whether or not something is there."""
    outside = another("repository-evil").init()
    outside.commit("Secret", {"secret.txt": "the secret\n"})
    (repository.path / "way-out").symlink_to(outside.path)
    ways = (
        outside.path, tmp_path / "missing", tmp_path, f"{repository.path}/../repository-evil",
        repository.path / "way-out", "/", "/etc",
    )  # fmt: skip
    said = set[str]()
    async with serve("-r", repository.path) as git:
        for way in map(str, ways):
            answer = await git.refused("git_log", repo_path=way)
            assert answer.code == "denied_outside_root"
            said.add(answer.text.replace(way, "X"))
        for way in ("relative", "", "~", "../x"):
            assert (await git.refused("git_log", repo_path=way)).code in {"denied_outside_root", "invalid_argument"}
        await git.ok("git_log")
    assert len(said) == 1
    (repository.path / "way-out").unlink()


async def test_cve_2025_68143_any_directory_is_no_repository(serve: Any, repository: Any, tmp_path: Path) -> None:
    """Init anywhere made every directory of the disk readable."""
    async with serve("-r", repository.path, *ALL) as git:
        target = tmp_path / "elsewhere"
        target.mkdir()
        await git.refused("git_init", path=str(target))
    assert not (target / ".git").exists()


async def test_cve_2025_68144_every_string_parameter(serve: Any, lane: str, repository: Any, tmp_path: Path) -> None:
    """GT5, GT29: an argument becomes an option; GitPython CVE-2022-24439, CVE-2023-40590 among its relatives.

    Every lane tries every parameter, each with its share of the texts.
    """
    target = tmp_path / "written"
    lanes = ("stdio, 2025-11-25", "stdio, 2026-07-28", "http, 2025-11-25", "http, 2026-07-28")
    share = INJECTIONS[lanes.index(lane) :: len(lanes)]
    async with serve("-r", repository.path, *ALL) as git:
        for tool in await git.client.list_tools():
            for arguments in injected(tool.input_schema, str(target), share):
                await git.call(tool.name, **arguments)
                assert not written(target), (tool.name, arguments)
    assert not written(repository.path / "written")


def written(path: Path) -> bool:
    return os.path.lexists(path)


def injected(schema: dict[str, Any], target: str, texts: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Arguments that are plain but for one, which looks like an option."""
    required = {name: plain(name, schema["properties"][name]) for name in schema.get("required", [])}
    for name, part in schema.get("properties", {}).items():
        kind = part.get("type", "string")
        for injection in texts:
            value = injection.format(target)
            if kind == "array":
                yield {**required, name: [value]}
            elif "string" in kind and "enum" not in part:
                yield {**required, name: value}


async def test_a_ref_with_the_name_of_an_option_is_a_ref(serve: Any, repository: Any, tmp_path: Path) -> None:
    """GT6: revisions are resolved to ids before they are used."""
    target = tmp_path / "written"
    packed = repository.path / ".git" / "refs" / "heads" / f"--output={target.name}"
    packed.write_text(f"{repository.head}\n")
    async with serve("-r", repository.path, *ALL) as git:
        for tool, name in (
            ("git_show", "revision"),
            ("git_diff", "target"),
            ("git_log", "ref"),
            ("git_checkout", "branch_name"),
        ):
            await git.call(tool, **{name: f"--output={target.name}"})
            await git.call(tool, **{name: f"refs/heads/--output={target.name}"})
    assert not (repository.path / target.name).exists()
    assert not target.exists()


async def test_paths_that_would_turn_a_diff_into_a_reader_of_files_are_refused(serve: Any, repository: Any) -> None:
    """GT7: `git diff -- /etc/hostname /etc/hosts` prints both."""
    async with serve("-r", repository.path) as git:
        for tool, more in (("git_diff", {"target": "HEAD"}), ("git_diff_unstaged", {}), ("git_diff_staged", {})):
            answer = await git.refused(tool, paths=["/etc/hostname", "/etc/hosts"], **more)
            assert answer.code == "invalid_argument", answer.text
            assert "localhost" not in answer.text


async def test_cve_2026_27735_add_outside(serve: Any, repository: Any, tmp_path: Path) -> None:
    """GT8: staging reached outside of the repository, and patterns were globs."""
    (tmp_path / "secret").write_text("secret\n")
    odd = ("-rf", "*.txt", ":(top)z.txt", ":!z.txt")
    for name in (*odd, "z.txt", "d/x"):
        repository.write(name, f"{name}\n")
    async with serve("-r", repository.path) as git:
        for path in ("../secret", str(tmp_path / "secret"), "sub/../../secret"):
            answer = await git.refused("git_add", files=[path])
            assert answer.code in {"invalid_argument", "denied_outside_root"}, answer.text
        for missing in ("z*", ":(top)d", ":/"):
            await git.refused("git_add", files=[missing])
        assert repository.git("diff", "--cached", "--name-only") == ""
        for name in odd:
            assert [one["path"] for one in (await git.ok("git_add", files=[name]))["staged"]] == [name]
        assert set(repository.git("diff", "--cached", "--name-only", "-z").split("\0")) == {*odd, ""}
        await git.ok("git_add", files=["."], intent_to_add=True)
        again = await git.ok("git_add", files=["z.txt", "d"], update=True)
    assert {one["path"] for one in again["staged"]} == {"z.txt", "d/x"}


UNSAFE_URLS = ("ext::sh -c touch% {}", "file:///etc", "-oProxyCommand=touch {}", "https://u:p4ssw0rd@example.org/x")


async def test_cve_2022_24439_cve_2023_40267_unsafe_transports(
    serve: Any, repository: Any, tmp_path: Path, marker: Any
) -> None:
    """GT22, GT29: a URL that is a command; credentials in a URL are in no output."""
    here = str(repository.path)
    async with serve("--root", tmp_path, *ALL, "--allow-remote", "example.org") as git:
        for text in (url.format(marker) for url in UNSAFE_URLS):
            repository.git("config", "remote.origin.url", text if not text.startswith("-") else f"./{text}")
            await refuses_url(git, here, text, str(tmp_path / "cloned"))
    assert not marker.left
    assert not (tmp_path / "cloned").exists()


async def refuses_url(git: Any, here: str, text: str, place: str) -> None:
    for tool, arguments in (
        ("git_clone", {"url": text, "path": place}),
        ("git_ls_remote", {"remote": text, "repo_path": here}),
        ("git_fetch", {"remote": text, "repo_path": here}),
        ("git_fetch", {"remote": "origin", "repo_path": here}),
        ("git_push", {"remote": text, "branch": "main", "repo_path": here}),
    ):
        answer = await git.refused(tool, **arguments)
        assert "p4ssw0rd" not in answer.text
    listed = await git.call("git_remotes", repo_path=here)
    assert "p4ssw0rd" not in listed.text


async def test_remote_tools_are_absent_until_they_are_asked_for(serve: Any, repository: Any) -> None:
    """GT21: calling one is -32602, as for any unknown name."""
    async with serve("-r", repository.path) as git:
        assert {"git_push", "git_fetch", "git_clone"} & {tool.name for tool in await git.client.list_tools()} == set()
        with pytest.raises(RemoteError) as refused:
            await git.client.call_tool("git_push", {})
        assert refused.value.code == -32602


async def test_a_worktree_is_not_made_outside(serve: Any, repository: Any, tmp_path: Path) -> None:
    """GT21."""
    async with serve("-r", repository.path, *ALL) as git:
        await git.refused("git_worktree_add", path=str(tmp_path / "elsewhere"), branch="other")
        await git.refused("git_worktree_add", path="../elsewhere", branch="other")
    assert not (tmp_path / "elsewhere").exists()

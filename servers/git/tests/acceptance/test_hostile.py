"""A repository is untrusted input: nothing that it names runs, and nothing outside what was allowed is read."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.client.remote import RemoteError

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


async def test_no_program_that_a_repository_names_runs(serve: Any, hostile: Any, marker: Any, revision: str) -> None:
    """GT1, GT2: configuration, attributes and hooks, every tool of every toolset."""
    async with serve("-r", hostile.path, *ALL, revision=revision) as git:
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


@pytest.mark.parametrize("way", ["gitfile", "link", "alternates", "worktree"])
async def test_a_repository_that_leads_outside_is_unsafe(
    serve: Any, another: Any, tmp_path: Path, way: str, revision: str
) -> None:
    """GT3: a `.git` file, a link, alternates, and core.worktree."""
    outside = another("outside").init()
    outside.commit("Secret", {"secret.txt": "the secret\n"})
    inside = tmp_path / "allowed" / "evil"
    inside.mkdir(parents=True)
    if way == "gitfile":
        (inside / ".git").write_text(f"gitdir: {outside.path / '.git'}\n")
    elif way == "link":
        (inside / ".git").symlink_to(outside.path / ".git")
    elif way == "alternates":
        made = another(inside).init()
        made.commit("Mine", {"a.txt": "a\n"})
        info = inside / ".git" / "objects" / "info"
        info.mkdir(exist_ok=True)
        (info / "alternates").write_text(f"{outside.path / '.git' / 'objects'}\n")
    else:
        made = another(inside).init()
        made.commit("Mine", {"a.txt": "a\n"})
        made.git("config", "--local", "core.worktree", "/")
    async with serve("--root", tmp_path / "allowed", *ALL, revision=revision) as git:
        for tool, arguments in (
            ("git_status", {}),
            ("git_log", {}),
            ("git_show", {"revision": outside.head}),
            ("git_ls_files", {}),
        ):
            answer = await git.refused(tool, repo_path=str(inside), **arguments)
            assert answer.code == "unsafe_repository", answer.text
            assert "secret" not in answer.text


async def test_cve_2025_68145_repo_boundary(serve: Any, repository: Any, another: Any) -> None:
    """GT4: the limit to a repository was not enforced; outside, a sibling's prefix, a link, dots."""
    outside = another("repository-evil").init()
    outside.commit("Secret", {"secret.txt": "the secret\n"})
    (repository.path / "way-out").symlink_to(outside.path)
    ways = (
        outside.path,
        repository.path / ".." / "repository-evil",
        repository.path / "way-out",
        Path("/"),
        Path("/etc"),
    )
    async with serve("-r", repository.path) as git:
        for way in ways:
            answer = await git.refused("git_log", repo_path=str(way))
            assert "secret" not in answer.text.lower()
        await git.ok("git_log")


def test_nothing_configured_is_a_bad_setting() -> None:
    """GT4: "any repository" does not exist."""
    script = Path(sys.executable).with_name("mcp-ref-git")
    done = subprocess.run([script], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--repository" in done.stderr


async def test_cve_2025_68143_any_directory_is_no_repository(serve: Any, repository: Any, tmp_path: Path) -> None:
    """Init anywhere made every directory of the disk readable."""
    async with serve("-r", repository.path, *ALL) as git:
        target = tmp_path / "elsewhere"
        target.mkdir()
        await git.refused("git_init", path=str(target))
    assert not (target / ".git").exists()


async def test_cve_2025_68144_every_string_parameter(serve: Any, repository: Any, tmp_path: Path) -> None:
    """GT5, GT29: an argument becomes an option; GitPython CVE-2022-24439, CVE-2023-40590 among its relatives."""
    target = tmp_path / "written"
    async with serve("-r", repository.path, *ALL, "--allow-remote", "example.org") as git:
        for tool in await git.client.list_tools():
            for arguments in injected(tool.input_schema, str(target)):
                await git.call(tool.name, **arguments)
                assert not written(target), (tool.name, arguments)
    assert not written(repository.path / "written")


def written(path: Path) -> bool:
    return os.path.lexists(path)


def injected(schema: dict[str, Any], target: str) -> Iterator[dict[str, Any]]:
    """Arguments that are plain but for one, which looks like an option."""
    required = {name: plain(name, schema["properties"][name]) for name in schema.get("required", [])}
    for name, part in schema.get("properties", {}).items():
        kind = part.get("type", "string")
        for injection in INJECTIONS:
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
    for name in ("-rf", "*.txt", "z.txt"):
        repository.write(name, f"{name}\n")
    async with serve("-r", repository.path) as git:
        for path in ("../secret", str(tmp_path / "secret"), "sub/../../secret"):
            answer = await git.refused("git_add", files=[path])
            assert answer.code in {"invalid_argument", "denied_outside_root"}, answer.text
        for magic in (":(top)z.txt", ":!z.txt", ":/"):
            await git.call("git_add", files=[magic])
        assert repository.git("diff", "--cached", "--name-only") == ""
        await git.ok("git_add", files=["-rf", "*.txt"])
    assert set(repository.git("diff", "--cached", "--name-only", "-z").split("\0")) == {"-rf", "*.txt", ""}


@pytest.mark.parametrize(
    "url", ["ext::sh -c touch% {}", "file:///etc", "-oProxyCommand=touch {}", "https://u:p4ssw0rd@example.org/x"]
)
async def test_cve_2022_24439_cve_2023_40267_unsafe_transports(
    serve: Any, repository: Any, tmp_path: Path, marker: Any, url: str
) -> None:
    """GT22, GT29: a URL that is a command; credentials in a URL are in no output."""
    text = url.format(marker)
    repository.git("remote", "add", "origin", text if not text.startswith("-") else f"./{text}")
    async with serve("--root", tmp_path, *ALL, "--allow-remote", "example.org") as git:
        here = str(repository.path)
        for tool, arguments in (
            ("git_clone", {"url": text, "path": str(tmp_path / "cloned")}),
            ("git_ls_remote", {"remote": text, "repo_path": here}),
            ("git_fetch", {"remote": text, "repo_path": here}),
            ("git_push", {"remote": text, "branch": "main", "repo_path": here}),
        ):
            answer = await git.refused(tool, **arguments)
            assert "p4ssw0rd" not in answer.text
        listed = await git.call("git_remotes", repo_path=here)
        assert "p4ssw0rd" not in listed.text
    assert not marker.left
    assert not (tmp_path / "cloned").exists()


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

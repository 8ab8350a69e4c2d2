# ruff: noqa: ASYNC240  one look at a name, and a story waits for nothing else
"""The git server on this repository's own history: log, blame, diff; then on one that was made to run programs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from mcp_protocol.client import Client
from scripts import transcript
from scripts.conversation import call, introduce, text_of
from scripts.hosting import over_http, over_stdio
from scripts.transcript import check, diff, say

ROOT = Path(__file__).parents[2]
SERVER = Path(sys.executable).with_name("mcp-ref-git")
# In an unpacked archive there is no history; then the scratch repository has to do for the first part.
FILE = "LICENSE"


async def tell(place: Path) -> None:
    """Two launches: one to look at history, one to change a hostile repository."""
    hostile, marker = make_hostile(place)
    home = ROOT if (ROOT / ".git").exists() else hostile

    transcript.title("Git: 2026-07-28 on stdio, reading this repository's own history")
    command = [str(SERVER), "--repository", str(home), "--mode", "read-only"]
    transcript.command(command)
    async with over_stdio(command, "2026-07-28") as client:
        await introduce(client)
        await read_history(client)
        await inject(client, place)

    transcript.title("Git: 2025-11-25 on HTTP, working in a repository that was made to run programs")
    command = [str(SERVER), "--repository", str(hostile)]
    transcript.command([*command, "--transport", "http", "--port", "0"])
    async with over_http(command, "2025-11-25") as (url, client):
        transcript.answer(f"listening on {url}")
        await work_in_it(client, marker)


async def read_history(client: Client) -> None:
    """Log, one commit, who wrote a line."""
    say("What happened last?")
    await call(client, "git_log", max_count=3, lines=14)
    say("What did one commit change?")
    shown = await call(client, "git_show", revision="HEAD", stat=True, lines=10)
    check("its files are told as data", holds=isinstance(shown.structured_content["files"], list))
    say("The way from one commit to another, a page at a time:")
    changed = await call(client, "git_diff", base="HEAD~1", target="HEAD", max_chars=1200, quiet=True)
    diff("\n".join(changed.structured_content["diff"].splitlines()[:16]))
    say(f"Who wrote the first lines of {FILE}?")
    blamed = await call(client, "git_blame", path=FILE, start_line=1, end_line=3)
    check("each line has its commit", holds=bool(blamed.structured_content["hunks"]))


async def inject(client: Client, place: Path) -> None:
    """Options in the place of values: they wrote files through other servers."""
    say("Arguments that would be options of git, and paths that would leave the repository:")
    target = place / "written"
    attempts: list[tuple[str, dict[str, Any]]] = [
        ("git_diff", {"target": f"--output={target}"}),
        ("git_log", {"ref": f"--output={target}"}),
        ("git_diff", {"target": "HEAD", "paths": ["/etc/hostname", "/etc/hosts"]}),
        ("git_log", {"repo_path": "/etc"}),
    ]
    for tool, arguments in attempts:
        outcome = await call(client, tool, **arguments)
        check("it was refused", holds=bool(outcome.is_error) and "localhost" not in text_of(outcome))
    check("no file was written", holds=not target.exists())


async def work_in_it(client: Client, marker: Path) -> None:
    """Stage, commit, restore; nothing of what the repository configures runs."""
    say("Its configuration names a program for every occasion, and every hook is one. The work goes on as usual:")
    await call(client, "git_status", lines=6)
    await call(client, "git_add", files=["notes.txt"])
    committed = await call(client, "git_commit", message="Notes, changed", quiet=True)
    transcript.answer(json.dumps(committed.structured_content, indent=1), lines=14)
    check("its hooks were skipped, and that is said", holds=committed.structured_content["hooks"] == "skipped")
    await call(client, "git_diff", base="HEAD~1", target="HEAD")
    check("no program of the repository ran", holds=not marker.exists())


def make_hostile(place: Path) -> tuple[Path, Path]:
    """A repository as an attacker would hand it over, and the file that its programs would create."""
    path, marker, program = place / "hostile", place / "marker", place / "program"
    program.write_text(f'#!/bin/sh\ntouch "{marker}"\ncat\n')
    program.chmod(0o755)
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    (path / "notes.txt").write_text("one\n")
    (path / FILE).write_text("Nobody's licence.\nAll of it.\nFor ever.\n")
    git(path, "add", "--all")
    for number in range(2):
        git(path, "commit", "--quiet", "--allow-empty", "--message", f"Commit {number}")
    for key in ("core.fsmonitor", "diff.external", "diff.evil.textconv", "filter.evil.clean", "gpg.program"):
        git(path, "config", key, str(program))
    (path / ".git" / "info" / "attributes").write_text("*.txt diff=evil\n*.bin filter=evil\n")
    for hook in ("pre-commit", "post-commit", "post-index-change", "reference-transaction"):
        (path / ".git" / "hooks" / hook).write_bytes(program.read_bytes())
        (path / ".git" / "hooks" / hook).chmod(0o755)
    (path / "notes.txt").write_text("one\ntwo\n")
    return path, marker


def git(path: Path, *words: str) -> None:
    """A command of the repository's owner."""
    person = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *person, *words], cwd=path, check=True, capture_output=True)
    subprocess.run(["git", "config", "user.name", "Ada"], cwd=path, check=True)
    subprocess.run(["git", "config", "user.email", "ada@example.org"], cwd=path, check=True)

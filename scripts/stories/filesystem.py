"""The filesystem server on a copy of this repository: look around, edit and undo, try to get out."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from mcp_protocol.client import Client
from scripts import transcript
from scripts.conversation import call, introduce, text_of
from scripts.hosting import over_http, over_stdio
from scripts.transcript import check, diff, say

ROOT = Path(__file__).parents[2]
SERVER = Path(sys.executable).with_name("mcp-ref-filesystem")


async def tell(place: Path) -> None:
    """Three launches of one server."""
    work = copy_of_this_repository(place)
    command = write_configuration(place, work)

    transcript.title("Files: 2026-07-28 on stdio, a whole session")
    transcript.command(command)
    async with over_stdio(command, "2026-07-28") as client:
        await introduce(client)
        await look_around(client)
        await change_and_undo(client, work)
        await try_to_escape(client)

    transcript.title("Files: 2025-11-25 on stdio, the same server for the hosts of today")
    transcript.command(command)
    async with over_stdio(command, "2025-11-25") as client:
        await introduce(client)
        await change_and_undo(client, work)

    transcript.title("Files: 2026-07-28 on HTTP, the same server for several clients")
    transcript.command([*command, "--transport", "http", "--port", "0"])
    async with over_http(command, "2026-07-28") as (url, client):
        transcript.answer(f"listening on {url}")
        await introduce(client)
        await try_to_escape(client)


def copy_of_this_repository(place: Path) -> Path:
    """The tracked files, where they may be edited."""
    work = place / "repository"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, work / name)
    (work / "way-out").symlink_to("/etc")
    return work


def write_configuration(place: Path, work: Path) -> list[str]:
    """The host's configuration file, in the form that the server itself prints; the command read back from it."""
    command = [str(SERVER), str(work), "--history-dir", str(place / "history")]
    printed = subprocess.run([*command, "--print-config", "claude"], check=True, capture_output=True, text=True).stdout
    file = place / "host.json"
    file.write_text(printed)
    transcript.title("A host's configuration file")
    transcript.answer(printed, lines=30)
    entry = json.loads(file.read_text())["mcpServers"]["filesystem"]
    return [entry["command"], *entry["args"]]


async def look_around(client: Client) -> None:
    """List, tree, search, read."""
    say("What is here?")
    await call(client, "list_directory", path=".")
    await call(client, "directory_tree", path="packages", maxDepth=3, lines=14)
    say("Where is a thing defined?")
    found = await call(client, "search_content", pattern=r"class \w+Error\(", include=["**/errors.py"], maxMatches=5)
    check("the search found something", holds=bool(found.structured_content["matches"]))
    say("Only the part that matters:")
    await call(client, "read_text_file", path=found.structured_content["matches"][0]["path"], offset=50, limit=6)


async def change_and_undo(client: Client, work: Path) -> None:
    """An edit as a diff, dry and for good; then as if it had never been."""
    path = work / "LICENSE"
    before = path.read_bytes()
    edits = [{"oldText": "MIT License", "newText": "MIT License (edited by the demo)"}]
    say("An edit, first to look at, then for good:")
    looked = await call(client, "edit_file", path="LICENSE", edits=edits, dryRun=True, quiet=True)
    diff(looked.structured_content["diff"])
    check("a dry run changes nothing", holds=path.read_bytes() == before)
    edited = await call(client, "edit_file", path="LICENSE", edits=edits, quiet=True)
    check("the file is changed now", holds=b"edited by the demo" in path.read_bytes())
    say("Every change can be undone:")
    await call(client, "undo_change", changeId=edited.structured_content["changeId"], lines=4)
    check("the file is as it was, byte for byte", holds=path.read_bytes() == before)


async def try_to_escape(client: Client) -> None:
    """By dots, by an absolute path, through a link; and a write where git would run it."""
    say("Four ways out, and what the server says:")
    for path in ("../../../../etc/passwd", "/etc/passwd", "way-out/passwd"):
        outcome = await call(client, "read_text_file", path=path)
        check("it was refused", holds=bool(outcome.is_error) and "root:x:" not in text_of(outcome))
    outcome = await call(client, "write_file", path=".git/hooks/pre-commit", content="#!/bin/sh\n", createParents=True)
    check("it was refused", holds=bool(outcome.is_error))

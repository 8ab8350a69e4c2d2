"""The demo: a host reads its configuration, launches the filesystem server and works with it, in both eras."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

from scripts import story, transcript
from scripts.hosting import over_http, over_stdio

ROOT = Path(__file__).parents[1]
PLACE = ROOT / ".cache" / "demo"
SERVER = Path(sys.executable).with_name("mcp-ref-filesystem")


def copy_of_this_repository() -> Path:
    """The tracked files, where they may be edited."""
    shutil.rmtree(PLACE, ignore_errors=True)
    work = PLACE / "repository"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, work / name)
    (work / "way-out").symlink_to("/etc")
    return work


def write_configuration(work: Path) -> list[str]:
    """The host's configuration file, in the form that the server itself prints; the command read back from it."""
    command = [str(SERVER), str(work), "--history-dir", str(PLACE / "history")]
    printed = subprocess.run([*command, "--print-config", "claude"], check=True, capture_output=True, text=True).stdout
    file = PLACE / "host.json"
    file.write_text(printed)
    transcript.title("A host's configuration file")
    transcript.answer(printed, lines=30)
    entry = json.loads(file.read_text())["mcpServers"]["filesystem"]
    return [entry["command"], *entry["args"]]


async def main() -> None:
    """Three launches of one server, and what to paste at the end."""
    work = copy_of_this_repository()
    command = write_configuration(work)

    transcript.title("2026-07-28 on stdio: a whole session")
    transcript.command(command)
    async with over_stdio(command, "2026-07-28") as client:
        await story.introduce(client)
        await story.look_around(client)
        await story.change_and_undo(client, work)
        await story.try_to_escape(client)

    transcript.title("2025-11-25 on stdio: the same server for the hosts of today")
    transcript.command(command)
    async with over_stdio(command, "2025-11-25") as client:
        await story.introduce(client)
        await story.change_and_undo(client, work)

    transcript.title("2026-07-28 on HTTP: the same server for several clients")
    transcript.command([*command, "--transport", "http", "--port", "0"])
    async with over_http(command, "2026-07-28") as (url, client):
        transcript.answer(f"listening on {url}")
        await story.introduce(client)
        await story.try_to_escape(client)

    transcript.title("Yours: put this into your host's configuration, with your own directory")
    own = {"command": str(SERVER), "args": [str(Path.home() / "docs")]}
    transcript.answer(json.dumps({"mcpServers": {"filesystem": own}}, indent=2), lines=30)
    transcript.say("scripts/test runs the tests; README.md shows the other ways to launch a server.")


if __name__ == "__main__":
    asyncio.run(main())

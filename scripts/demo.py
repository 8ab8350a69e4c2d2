"""The demo: each server is launched the way a host launches it and does its main job on real material."""

import argparse
import asyncio
import json
import shutil
import sys
from importlib import import_module
from pathlib import Path

from scripts import transcript
from scripts.stories import NAMES

PLACE = Path(__file__).parents[1] / ".cache" / "demo"
SERVER = Path(sys.executable).with_name("mcp-ref-filesystem")


async def tell(name: str) -> None:
    """One story, in an empty place of its own."""
    place = PLACE / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    await import_module(f"scripts.stories.{name}").tell(place)


def say_how_to_have_it() -> None:
    """What to paste into a host."""
    transcript.title("Yours: put this into your host's configuration, with your own directory")
    own = {"command": str(SERVER), "args": [str(Path.home() / "docs")]}
    transcript.answer(json.dumps({"mcpServers": {"filesystem": own}}, indent=2), lines=30)
    transcript.say("scripts/test runs the tests; README.md shows the other ways to launch a server.")


def main() -> None:
    """Tell the stories that were asked for, or all."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("stories", nargs="*", metavar="SERVER", help=f"only these: {', '.join(NAMES)}")
    wanted: list[str] = parser.parse_args().stories or list(NAMES)
    if unknown := set(wanted) - set(NAMES):
        parser.error(f"there is no story of {', '.join(sorted(unknown))}")
    for name in wanted:
        asyncio.run(tell(name))
    say_how_to_have_it()


if __name__ == "__main__":
    main()

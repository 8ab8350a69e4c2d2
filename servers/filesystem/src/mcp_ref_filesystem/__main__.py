"""The console script `mcp-ref-filesystem`."""

from collections.abc import Sequence

from mcp_ref_filesystem.server import server
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.state import State
from mcp_ref_kit import Finding, cli


async def check(settings: Settings, state: State) -> Sequence[Finding]:
    """Whether each directory can be opened, and how paths are resolved."""
    del settings
    places = state.directories.places
    there = await state.workers.run(lambda: [place.exists() for place in places])
    return [
        Finding(f"directory {place.path}", works=works, detail="read-only" if place.read_only else "")
        for place, works in zip(places, there, strict=True)
    ]


main = cli(server, check=check)

if __name__ == "__main__":
    main()

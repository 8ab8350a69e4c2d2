"""The console script `mcp-ref-filesystem`."""

from collections.abc import Sequence

from mcp_ref_filesystem.access.places import Place
from mcp_ref_filesystem.server import server
from mcp_ref_filesystem.settings import Settings
from mcp_ref_filesystem.state import State
from mcp_ref_kit import Finding, cli


async def check(settings: Settings, state: State) -> Sequence[Finding]:
    """Whether each directory can be opened, and how paths are resolved."""
    del settings
    return [await state.workers.run(_looked_at, place) for place in state.directories.places]


def _looked_at(place: Place) -> Finding:
    subject = f"directory {place.path}"
    if not place.exists():
        return Finding(subject, works=False, detail="cannot be opened")
    mode = "read-only" if place.read_only else "read-write"
    return Finding(subject, works=True, detail=f"{mode}, by {place.root().mechanism}")


main = cli(server, check=check)

if __name__ == "__main__":
    main()

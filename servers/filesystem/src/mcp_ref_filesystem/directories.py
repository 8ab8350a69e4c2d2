"""Which directories a call may reach: the operator's, narrowed by the client's roots, with their modes.

Roots only ever narrow. Nested directories: the most specific one decides whether it may be written.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mcp_ref_filesystem.located import Located
from mcp_ref_kit.paths import Root

if TYPE_CHECKING:
    from mcp_protocol.server.context import Context


class Place:
    """One directory that a call may reach."""

    path: Path
    """As configured, or as the client's root names it; absolute."""
    read_only: bool
    source: Literal["operator", "root"]

    def root(self) -> Root:
        """The directory's handle, opened (again) if need be. Blocking.

        Raises:
            NotFound: the directory does not exist at the moment.
        """
        raise NotImplementedError

    def exists(self) -> bool:
        """Whether it can be opened now. Blocking."""
        raise NotImplementedError


class Reach:
    """What one call may reach; `fingerprint` changes with it, for cursors."""

    places: tuple[Place, ...]
    roots: tuple[str, ...]
    """The client's root URIs, as given; empty when it was not asked."""
    roots_mode: Literal["off", "narrow", "require"]
    fingerprint: str

    def locate(self, text: str, *, write: bool = False) -> Located:
        """Place a caller's path. Blocking where a relative path is looked for in several directories.

        Raises:
            OutsideRoot: in none of them.
            Ambiguous: a relative path that exists in two.
            Refused: `write`, and the mode or the directory is read-only.
            InvalidPath: no path at all.
        """
        raise NotImplementedError


class Directories:
    """The operator's directories, held open for the life of the server."""

    async def reach(self, ctx: "Context[Any]") -> Reach:
        """What this call may reach; asks the client for its roots where it has any.

        Raises:
            OutsideRoot: nothing, with both lists.
        """
        raise NotImplementedError

"""Files, directories and trees as resources: listed, read, watched, completed."""

from collections.abc import AsyncIterator
from typing import Self

from mcp_protocol import Annotations, Completion, Resource, ResourceContents, ResourceNotFound, ToolError, Toolset
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.access.places import Place
from mcp_ref_filesystem.results import stamp
from mcp_ref_filesystem.slices import Pulse, carry_out
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.tools.tree import as_text
from mcp_ref_filesystem.views.branches import Tree, TreeQuery
from mcp_ref_filesystem.views.completing import suggestions
from mcp_ref_filesystem.views.holding import DIRECTORY, held
from mcp_ref_filesystem.watching.listeners import listen
from mcp_ref_kit.content.encodings import safe
from mcp_ref_kit.paths import PathError
from mcp_ref_kit.watching import Listener

resources = Toolset[State]("read")

# What looks the same to whoever may not know: there is no oracle for what lies outside.
_ABSENT = frozenset({"not_found", "denied_outside_root", "denied_policy"})


@resources.resources
async def directories(ctx: Ctx) -> list[Resource]:
    """The directories that may be used."""
    reach = await ctx.state.reach(ctx)
    return await ctx.state.workers.run(lambda: [_listed(place) for place in reach.places])


@resources.resource("file:///{+path}", name="file", title="File or directory")
async def file(ctx: Ctx, path: str) -> ResourceContents:
    """The text or bytes of a file, or the names in a directory."""
    located = await ctx.state.locate(ctx, f"/{path}")
    found = await ctx.state.workers.run(held, located, ctx.state.settings)
    return ResourceContents(
        uri=ctx.call.params["uri"],
        mime_type=found.mime_type,
        text=found.text,
        blob=found.blob,
        meta={"mcp-ref/size": found.size, "mcp-ref/lastModified": found.modified},
    )


@resources.resource("fs-tree:///{+path}", name="tree", title="Directory tree", mime_type="text/plain")
async def directory(ctx: Ctx, path: str) -> str:
    """A directory and what is beneath it, by indentation."""
    located = await ctx.state.locate(ctx, f"/{path}")
    tree = Tree(located, TreeQuery(path=located.written), ctx.state.settings)
    await carry_out(ctx, tree.steps(), Pulse(), "entries")
    return safe(as_text(tree.top))


@resources.watch(file)
async def file_changes(ctx: Ctx, path: str) -> AsyncIterator[object]:
    """Changes of a file, also when another is put in its place, or of the entries of a directory."""
    try:
        located = await ctx.state.locate(ctx, f"/{path}")
        return await Changes.of(ctx.state, located)
    except ToolError as error:
        if error.code in _ABSENT:
            raise ResourceNotFound(f"file:///{path}") from error
        raise


@resources.complete(file, "path")
async def file_paths(ctx: Ctx, typed: str) -> Completion:
    """Paths that go on from what was typed."""
    return await _completion(ctx, typed)


@resources.complete(directory, "path")
async def tree_paths(ctx: Ctx, typed: str) -> Completion:
    """The same for trees."""
    return await _completion(ctx, typed)


class Changes:
    """The changes of one path, one after the other; ends to be watched when it is closed or forgotten."""

    def __init__(self, state: State, located: Located) -> None:
        self._state = state
        self._located = located
        self._listener = Listener()

    @classmethod
    async def of(cls, state: State, located: Located) -> Self:
        """Begin to watch.

        Raises:
            ToolError: the path may not be read, or cannot be watched.
        """
        changes = cls(state, located)
        await changes._listen()
        return changes

    def __aiter__(self) -> Self:
        """Itself."""
        return self

    async def __anext__(self) -> object:
        """Wait for the next change."""
        if self._listener.lost:
            await self._listen_again()
        await self._listener.wait()
        return self._listener.take()

    def __del__(self) -> None:
        """Stop watching: whoever listened is gone."""
        self._state.watchers.release(self._listener)

    async def _listen(self) -> None:
        await self._state.workers.run(listen, self._state.watchers, self._listener, self._located)

    async def _listen_again(self) -> None:
        """Watch what has the name now; where nothing has, what had it is watched on."""
        self._listener.lost = False
        try:
            await self._listen()
        except ToolError:
            return


async def _completion(ctx: Ctx, typed: str) -> Completion:
    """A template's path begins after the slash that every absolute path begins with."""
    reach = await ctx.state.reach(ctx)
    found = await ctx.state.workers.run(suggestions, reach, f"/{typed}")
    return Completion([path.removeprefix("/") for path in found.paths], has_more=found.has_more)


def _listed(place: Place) -> Resource:
    try:
        modified = stamp(place.root().stat(".").stat.st_mtime_ns)
    except PathError:
        modified = None  # not there at the moment
    return Resource(
        uri=f"{place.path.as_uri()}/",
        name=place.path.name or str(place.path),
        mime_type=DIRECTORY,
        annotations=None if modified is None else Annotations(last_modified=modified),
    )

# ruff: noqa: N803  argument names are the wire's, as the official server has them
"""The tool that shows a directory and what is beneath it as a tree."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_filesystem.results import Truncation
from mcp_ref_filesystem.slices import Pulse, carry_out
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.tools.arguments import LOOKING, DirectoryPath, Exclude, Gitignore
from mcp_ref_filesystem.views.branches import Counts, Node, Tree, TreeQuery
from mcp_ref_kit.content.encodings import safe

tree = Toolset[State]("read")

# Each level is two of JSON, and careful readers of JSON refuse more than 64.
DEEPEST = 28
_INDENT = "  "
_MARKS = {"directory": "/", "symlink": "@", "other": "?", "file": ""}


class DirectoryTree(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """tree: name, type, children, omitted."""

    tree: Sequence[Any]
    truncated: bool


class Growth(DirectoryTree, frozen=True, kw_only=True, omit_defaults=True):
    """The same with all that is known."""

    tree: Sequence[Node]
    counts: Counts
    truncation: Truncation | None = None
    untrusted: bool


@tree.tool(**LOOKING)
async def directory_tree(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    path: DirectoryPath,
    excludePatterns: Exclude = None,
    maxDepth: Annotated[int, arg("Levels.", ge=1, le=DEEPEST)] = 4,
    maxEntries: Annotated[int, arg("Most entries.", ge=1)] = 2000,
    gitignore: Gitignore = True,
    format: Annotated[Literal["text", "json"], arg("Form of the text.")] = "text",  # noqa: A002  the wire's name
    filesPerDirectory: Annotated[int, arg("Most files of a directory.", ge=0)] = 200,
) -> Output[DirectoryTree]:
    """Show a directory as a tree; what has no room is counted as omitted."""
    query = TreeQuery(
        path=path,
        exclude=excludePatterns or (),
        max_depth=maxDepth,
        max_entries=maxEntries,
        gitignore=gitignore,
        files_per_directory=filesPerDirectory,
    )
    return await grown(ctx, query, format)


async def grown(ctx: Ctx, query: TreeQuery, form: Literal["text", "json"]) -> Output[DirectoryTree]:
    """The tree of a query, as the tool answers it."""
    start = await ctx.state.locate(ctx, query.path)
    growing = Tree(start, query, ctx.state.settings)
    await carry_out(ctx, growing.steps(), Pulse(), "entries")
    found = Growth(
        tree=growing.top.children or [],
        counts=growing.counts,
        truncated=growing.truncation is not None,
        truncation=growing.truncation,
        untrusted=True,
    )
    text = as_json(found.tree) if form == "json" else as_text(growing.top)
    return Output(found, safe(text))


def as_text(top: Node) -> str:
    """The tree by indentation: `name/` a directory, `name@` a link, `name?` neither."""
    return "\n".join(_lines(top, "")) or "(empty)"


def as_json(nodes: Sequence[Node]) -> str:
    """The tree in the form of the official server."""
    return msgspec.json.format(msgspec.json.encode(nodes), indent=2).decode()


def _lines(node: Node, indent: str) -> Iterator[str]:
    for child in node.children or ():
        yield f"{indent}{child.name}{_MARKS[child.type]}" + (f" ({child.error})" if child.error else "")
        if child.type == "directory":
            yield from _lines(child, indent + _INDENT)
    if node.omitted:
        yield f"{indent}... {node.omitted} more"

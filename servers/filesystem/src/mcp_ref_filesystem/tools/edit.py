# ruff: noqa: N803  argument names are the wire's, as the official server has them
"""The tool that edits: text is replaced inside a file, and no other byte changes."""

from functools import partial
from typing import Annotated

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.recording import Job
from mcp_ref_filesystem.change.rewriting import Edited, EditResult, Wish, rewrite
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.text.diff import fenced
from mcp_ref_filesystem.text.nearest import Block, nearest
from mcp_ref_filesystem.text.splice import Applied, Edit, MatchMode, NoMatch, apply
from mcp_ref_filesystem.tools.arguments import ContextLines, DryRun, FilePath, IfMatch
from mcp_ref_kit.content.encodings import safe

editing = Toolset[State]("write")


@editing.tool(destructive=True, idempotent=False, open_world=False)
async def edit_file(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    path: FilePath,
    edits: Annotated[list[Edit], arg("Applied in order, all or none.", min_length=1)],
    dryRun: DryRun = False,
    matchMode: Annotated[MatchMode, arg("whitespace: second try without it at line ends.")] = ("whitespace"),
    context: ContextLines = 3,
    ifMatch: IfMatch = None,
) -> Output[Edited]:
    """Replace text in a file; ambiguous text is refused. Answers a diff."""
    target = await ctx.state.locate(ctx, path, write=True)
    wish = Wish(dry_run=dryRun, context=context, if_match=ifMatch)
    done = await ctx.state.changes.run(ctx, "edit_file", [target], edit_content, target, edits, wish, mode=matchMode)
    return Output(done, fenced(safe(done.diff)))


def edit_content(
    job: Job, target: Located, edits: list[Edit], wish: Wish, *, mode: MatchMode = "whitespace"
) -> EditResult:
    """Apply the edits to a file, or only see what they would do."""
    return rewrite(job, target, partial(_applied, target.written, edits, mode), wish)


def _applied(written: str, edits: list[Edit], mode: MatchMode, text: str) -> tuple[str, list[Applied]]:
    try:
        return apply(text, edits, mode=mode)
    except NoMatch as error:
        raise _explained(error, written) from error


def _explained(error: NoMatch, written: str) -> ToolError:
    """The miss with the blocks that come nearest."""
    blocks = nearest(error.searched, error.old)
    if not blocks:
        hint = "Nothing in the file is like it: read the file and copy the text from there."
        return ToolError(f"{error.message[:-1]} `{written}`.", code=error.code, hint=hint)
    shown = "\n".join(_shown(block) for block in blocks)
    return ToolError(
        f"{error.message[:-1]} `{written}`. Nearest, with - oldText and + the file:\n{shown}",
        code=error.code,
        hint="Copy oldText from the file.",
    )


def _shown(block: Block) -> str:
    return f"line {block.line}, {block.similarity:.0%} alike, differs in {block.kind}:\n{safe(block.diff)}"

# ruff: noqa: N803  argument names are the wire's, as the official server has them
"""The tool that edits: text is replaced inside a file, and no other byte changes."""

from typing import Annotated

from msgspec import Struct

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_filesystem.arguments import ContextLines, DryRun, FilePath, IfMatch
from mcp_ref_filesystem.diff import clipped, fenced, unified
from mcp_ref_filesystem.etag import etag_of
from mcp_ref_filesystem.located import Located
from mcp_ref_filesystem.making import place_of
from mcp_ref_filesystem.nearest import Block, nearest
from mcp_ref_filesystem.recording import Job, Recording
from mcp_ref_filesystem.saving import existing, expect_etag, store
from mcp_ref_filesystem.splice import Applied, Edit, MatchMode, NoMatch, apply
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.text import Encoding, detect, safe
from mcp_ref_kit.paths import NotFound, OpenFile

editing = Toolset[State]("write")

# An edit holds the text several times over; what is larger is a program's work.
MOST_EDITED = 64 * 1024 * 1024


class Edited(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The change as a unified diff, what each edit did, and the etag after them."""

    path: str
    diff: str
    applied: list[Applied]
    etag: str
    change_id: str | None = None
    dry_run: bool


class Wish(Struct, frozen=True, kw_only=True):
    """How a file is to be edited: the way of matching, and what is shown or required."""

    mode: MatchMode = "whitespace"
    dry_run: bool = False
    context: int = 3
    if_match: str | None = None


class Source(Struct, frozen=True):
    """A file as text, and what turns text back into its bytes."""

    data: bytes
    encoding: Encoding
    text: str

    def bytes_of(self, text: str) -> bytes:
        """The bytes of an edited text, with the mark that the file began with."""
        return self.encoding.mark + self.encoding.encode(text)


@editing.tool(destructive=True, idempotent=False, open_world=False)
async def edit_file(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    path: FilePath,
    edits: Annotated[list[Edit], arg("Applied in order, all or none.", min_length=1, max_length=1000)],
    dryRun: DryRun = False,
    matchMode: Annotated[MatchMode, arg("whitespace: if nothing matches exactly, disregard it at line ends.")] = (
        "whitespace"
    ),
    context: ContextLines = 3,
    ifMatch: IfMatch = None,
) -> Output[Edited]:
    """Replace text in a file, exactly; a text that matches in several places is refused. Answers a diff."""
    target = await ctx.state.locate(ctx, path, write=True)
    wish = Wish(mode=matchMode, dry_run=dryRun, context=context, if_match=ifMatch)
    done = await ctx.state.changes.run(ctx, "edit_file", [target], edit_content, target, edits, wish)
    return Output(done, fenced(safe(done.diff)))


def edit_content(job: Job, target: Located, edits: list[Edit], wish: Wish) -> Edited:
    """Apply the edits to a file, or only see what they would do."""
    with Recording(job) as record, place_of(target, follow=True) as spot, existing(spot) as old:
        if old is None:
            raise NotFound(target.written)
        source = read_source(target, old)
        expect_etag(target.written, wish.if_match, etag_of(source.data))
        try:
            text, applied = apply(source.text, edits, mode=wish.mode)
        except NoMatch as error:
            raise _explained(error, target.written) from error
        data = source.bytes_of(text)
        etag, change = etag_of(data), None
        if not wish.dry_run and data != source.data:
            etag, change = store(record, target, spot, old, data)
    return Edited(
        path=target.written,
        diff=clipped(unified(source.text, text, target.written, context=wish.context)),
        applied=applied,
        etag=etag,
        change_id=change,
        dry_run=wish.dry_run,
    )


def read_source(target: Located, old: OpenFile) -> Source:
    """The whole file as text.

    Raises:
        ToolError: `too_large`, or `is_binary`.
    """
    if old.stat.st_size > MOST_EDITED:
        message = f"`{target.written}` has {old.stat.st_size} bytes; files up to {MOST_EDITED} can be edited."
        raise ToolError(message, code="too_large")
    data = old.read_at(0, MOST_EDITED + 1)
    encoding = detect(data)
    if encoding is None:
        raise ToolError(f"`{target.written}` is not a text file.", code="is_binary")
    return Source(data, encoding, encoding.decode(data[len(encoding.mark) :]))


def _explained(error: NoMatch, written: str) -> ToolError:
    """The miss with the blocks that come nearest."""
    blocks = nearest(error.text, error.old)
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

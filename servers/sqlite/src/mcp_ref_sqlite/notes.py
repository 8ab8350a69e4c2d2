"""Notes kept in memory: add, list, read, delete."""

from typing import Annotated
from urllib.parse import quote

from msgspec import Struct

from mcp_protocol import Resource, ToolError, Toolset, arg
from mcp_ref_sqlite.state import Ctx, State

notes = Toolset[State]("notes")

# A title is one segment of a URI, so it has no slash.
Title = Annotated[str, arg("Title of a note: letters, digits, blanks.", max_length=64, pattern=r"^\w[\w ]*$")]


class Kept(Struct, frozen=True):
    """The note that was kept; `replaced` says that there was one of that title."""

    title: str
    replaced: bool


class Titles(Struct, frozen=True):
    """The titles in the order of the alphabet."""

    titles: list[str]


class Agreement(Struct, frozen=True):
    """What the user is asked before a note goes."""

    delete: bool


@notes.tool(destructive=False, idempotent=True, open_world=False)
async def add_note(ctx: Ctx, title: Title, text: Annotated[str, arg("What to remember.", max_length=10_000)]) -> Kept:
    """Keep a note under a title; a note of that title is replaced."""
    kept, limit = ctx.state.notes, ctx.state.settings.limit
    replaced = title in kept
    if not replaced and len(kept) >= limit:
        raise ToolError(f"There are {limit} notes already.", code="full", hint="Delete one with delete_note.")
    kept[title] = text
    await ctx.list_changed("resources")
    return Kept(title, replaced)


@notes.tool(read_only=True, open_world=False)
async def list_notes(ctx: Ctx) -> Titles:
    """List the titles of all notes."""
    return Titles(sorted(ctx.state.notes))


@notes.tool(destructive=True, open_world=False)
async def delete_note(ctx: Ctx, title: Title) -> str:
    """Delete one note, after the user has agreed."""
    text = _find(ctx, title)
    # The question comes before the first change: in 2026-07-28 the function runs again, with the answer.
    answer = await ctx.elicit(Agreement, f"Delete the note {title} ({len(text)} characters)?", authorises=True)
    if answer is None or not answer.delete:
        return f"The user kept {title}."
    del ctx.state.notes[title]
    await ctx.list_changed("resources")
    return f"Deleted {title}."


@notes.resource("note:///{title}", mime_type="text/plain")
async def note(ctx: Ctx, title: str) -> str:
    """The text of one note."""
    return _find(ctx, title)


@notes.resources
async def all_notes(ctx: Ctx) -> list[Resource]:
    """Every note, in the order of the alphabet."""
    return [Resource(uri=f"note:///{quote(title, safe='')}", name=title) for title in sorted(ctx.state.notes)]


@notes.prompt()
async def summarize(_ctx: Ctx, title: Annotated[str, arg("The note to summarize.")]) -> str:
    """Ask for a summary of one note."""
    return f"Read the resource note:///{title} and summarize it in one sentence."


@notes.complete(note, "title")
@notes.complete(summarize, "title")
async def titles(ctx: Ctx, prefix: str) -> list[str]:
    """Titles that begin with what the user has typed."""
    return [title for title in sorted(ctx.state.notes) if title.startswith(prefix)]


def _find(ctx: Ctx, title: str) -> str:
    text = ctx.state.notes.get(title)
    if text is None:
        raise ToolError(f"There is no note {title!r}.", code="not_found", hint="Call list_notes for the titles.")
    return text

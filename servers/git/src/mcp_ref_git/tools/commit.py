"""git_commit: the message goes in by stdin, hooks run only where both the operator and the call say so."""

import re
from typing import Annotated, Literal

from msgspec import Struct

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_git.changing.consent import require_destructive, require_head
from mcp_ref_git.changing.hooks import has_hooks, running_hooks
from mcp_ref_git.errors import BadArgument, Policy
from mcp_ref_git.program.argv import MOST_PATH_BYTES, Argv, size_of
from mcp_ref_git.program.runner import Answer
from mcp_ref_git.program.words import Identity
from mcp_ref_git.reading.commits import commit
from mcp_ref_git.reading.diffs import Compared, Position, Shape, read_diff
from mcp_ref_git.repository import Opened
from mcp_ref_git.state import Ctx, State
from mcp_ref_git.tools import arguments
from mcp_ref_git.tools.arguments import ConfirmHead
from mcp_ref_kit.content.encodings import safe
from mcp_ref_kit.processes import Bounds

committing = Toolset[State]("write")

LONGEST_MESSAGE = 100_000
MOST_TRAILERS = 20
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_VALUE = re.compile(r"[^\x00-\x1f\x7f]{1,500}")
_NOTHING = (b"nothing to commit", b"nothing added to commit", b"no changes added to commit")
_MOST_HEADER = 64 * 1024


class _Committed(Struct, frozen=True, kw_only=True):
    commit: str


class CommitFacts(_Committed, frozen=True, kw_only=True):
    """The new commit; hooks: none there, skipped, or run."""

    commit: str
    branch: str | None
    summary: str
    files_changed: int
    insertions: int
    deletions: int
    parents: list[str]
    signed: bool
    hooks: Literal["none", "skipped", "run"]


class Wish(Struct, frozen=True, kw_only=True):
    """What a commit is to be."""

    message: str
    files: tuple[str, ...]
    author: str | None
    signoff: bool
    trailers: dict[str, str]
    allow_empty: bool
    amend: bool


@committing.tool(destructive=False, idempotent=False, open_world=False)
async def git_commit(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    repo_path: arguments.RepoPath = None,
    message: Annotated[str, arg("Message.")],
    files: Annotated[tuple[str, ...], arg("Only these.")] = (),
    author: Annotated[str, arg("Name <email>.")] | None = None,
    signoff: Annotated[bool, arg("Add Signed-off-by.")] = False,
    trailers: Annotated[dict[str, str], arg("Added at the end.")] | None = None,
    allow_empty: Annotated[bool, arg("Without changes.")] = False,
    run_hooks: Annotated[bool, arg("Where allowed.")] = False,
    amend: Annotated[bool, arg("Destructive toolset.")] = False,
    confirm_head: ConfirmHead = None,
) -> Output[_Committed]:
    """Commit staged changes or files; concludes a merge."""
    wish = Wish(
        message=message,
        files=files,
        author=author or ctx.state.settings.author,
        signoff=signoff,
        trailers=trailers or {},
        allow_empty=allow_empty,
        amend=amend,
    )
    text = composed(wish)
    allowed = ctx.state.settings.allow_hooks
    if run_hooks and allowed == "none":
        raise Policy("Hooks of the repository do not run here.", hint="The operator can allow it by --allow-hooks.")
    async with ctx.state.writing(ctx, repo_path) as opened:
        _ = opened.top
        if amend:
            require_destructive(opened.settings, "amend")
            await require_head(opened, confirm_head)
        runs = allowed == "all" or (run_hooks and allowed == "commit")
        there = await opened.workers.run(has_hooks, opened.repository)
        await _commit(running_hooks(opened) if runs else opened, wish, text, runs=runs)
        hooks: Literal["none", "skipped", "run"] = "none" if not there else "run" if runs else "skipped"
        data = await _described(opened, hooks)
    return Output(data, safe(f"Changes committed successfully with hash {data.commit}"))


def composed(wish: Wish) -> str:
    """The message with its trailers.

    Raises:
        BadArgument: it is empty, or a trailer would be more than one line. Pure.
    """
    message = wish.message.strip()
    if not message or "\0" in message or len(message) > LONGEST_MESSAGE:
        raise BadArgument(f"`message` must have 1 to {LONGEST_MESSAGE} characters.")
    if len(wish.trailers) > MOST_TRAILERS:
        raise BadArgument(f"`trailers`: at most {MOST_TRAILERS}.")
    lines = [f"{key}: {value}" for key, value in wish.trailers.items()]
    for key, value in wish.trailers.items():
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            raise BadArgument("`trailers`: a key has letters, digits and dashes, a value is one line.")
    return message + ("\n\n" + "\n".join(lines) if lines else "") + "\n"


async def _commit(opened: Opened, wish: Wish, text: str, *, runs: bool) -> None:
    argv = Argv(
        "commit", "--quiet", "--file=-", "--cleanup=whitespace", "--no-status", "--no-edit", "--no-post-rewrite"
    )
    argv.add("--no-verify", when=not runs).add("--signoff", when=wish.signoff)
    argv.add("--allow-empty", when=wish.allow_empty).add("--amend", when=wish.amend)
    argv.add("--no-gpg-sign", when=opened.settings.sign == "off")
    argv.add("--gpg-sign", when=opened.settings.sign == "require")
    argv.attach("--author=", None if wish.author is None else Identity.of(wish.author))
    paths = await opened.paths(wish.files)
    if size_of(paths) > MOST_PATH_BYTES:
        raise BadArgument("`files` is too long; stage them by git_add and commit without `files`.")
    argv.add("--only", when=bool(paths)).paths(paths).feed(text.encode("utf-8", "replace"))
    answer = await opened.attempt(argv)
    if answer.code:
        raise _failed(opened, answer)


def _failed(opened: Opened, answer: Answer) -> Exception:
    said = answer.out + answer.err
    if answer.code == 1 and any(words in said for words in _NOTHING):
        hint = "Stage changes by git_add, or name `files`."
        return ToolError("There is nothing to commit.", code="nothing_to_commit", hint=hint)
    return opened.failed("commit", answer)


async def _described(opened: Opened, hooks: Literal["none", "skipped", "run"]) -> CommitFacts:
    head = await opened.commit("HEAD")
    found = await read_diff(opened, Compared(commit=head), Shape(text=False), Position())
    made = commit(found.fields)
    bounds = Bounds(seconds=opened.settings.timeout, stdout=_MOST_HEADER)
    raw = await opened.git(Argv("cat-file", "commit").put(head), bounds=bounds)
    symbolic = await opened.attempt(Argv("symbolic-ref", "--quiet", "--short", "HEAD"))
    return CommitFacts(
        commit=head.text,
        branch=symbolic.text.strip() or None,
        summary=made.subject,
        files_changed=len(found.files),
        insertions=sum(file.additions or 0 for file in found.files),
        deletions=sum(file.deletions or 0 for file in found.files),
        parents=made.parents,
        signed=b"\ngpgsig" in raw.out.partition(b"\n\n")[0],
        hooks=hooks,
    )

"""How files are staged: what is ignored, what a disabled filter would have changed, what is another repository."""

import os
from collections.abc import Sequence

from msgspec import Struct

from mcp_ref_git.errors import Policy
from mcp_ref_git.program.argv import MOST_PATH_BYTES, Argv, size_of
from mcp_ref_git.program.environment import EACH_LITERAL
from mcp_ref_git.program.parsing import names
from mcp_ref_git.program.words import RepoPath
from mcp_ref_git.reading.status import Change, look
from mcp_ref_git.repository import Opened
from mcp_ref_kit.paths import show

_ATTRIBUTE_FIELDS = 3


class Staged(Struct, frozen=True):
    """What became of the files of one call."""

    staged: Sequence[Change]
    ignored: list[str]
    unchanged: list[str]
    filters_skipped: list[str]


async def add_files(opened: Opened, paths: list[RepoPath], *, update: bool, force: bool, intent: bool) -> Staged:
    """Stage files and directories by their literal names.

    Raises:
        Policy: one holds a repository that is not registered, or has a filter that the repository requires.
    """
    ignored = [] if force or update else await _ignored(opened, paths)
    kept = [path for path in paths if path.text not in ignored]
    skipped: list[str] = []
    if kept:
        files = await _candidates(opened, kept, force=force)
        _refuse_repositories(files)
        skipped = await _skipped(opened, files)
        argv = Argv("add").add("--update", when=update).add("--force", when=force).add("--intent-to-add", when=intent)
        await opened.git(argv.paths_by_stdin(kept))
    short = kept if size_of(kept) <= MOST_PATH_BYTES else []
    seen = await look(opened, "no", *short) if kept else None
    staged = [] if seen is None else seen.of("staged")
    changed = {change.path for change in staged}
    unchanged = [show(path.text) for path in kept if not _covers(path, changed)]
    return Staged(staged, [show(name) for name in ignored], unchanged, skipped)


async def _ignored(opened: Opened, paths: list[RepoPath]) -> list[str]:
    """Those of the paths that are ignored; git adds none of a list that names one."""
    asked = [path for path in paths if path.text != "."]
    if not asked:
        return []
    argv = Argv("check-ignore", "-z", "--stdin").feed(dotted(asked))
    answer = await opened.attempt(argv, extra=EACH_LITERAL)
    if answer.code not in (0, 1):  # 1: none is ignored
        raise opened.failed("check-ignore", answer)
    return [name.removeprefix("./") for name in names(answer.out)]


def dotted(paths: Sequence[RepoPath]) -> bytes:
    """Paths for the input of a command that would take `:` at the beginning as a sign."""
    return b"".join(b"./" + os.fsencode(path.text) + b"\0" for path in paths)


async def _candidates(opened: Opened, paths: list[RepoPath], *, force: bool) -> list[str]:
    """Files that would be staged; a repository among them ends with a slash."""
    argv = Argv("ls-files", "-z", "--modified", "--others").add("--exclude-standard", when=not force)
    short = paths if size_of(paths) <= MOST_PATH_BYTES else []
    return list(dict.fromkeys(names((await opened.git(argv.paths(short))).out)))


def _refuse_repositories(files: list[str]) -> None:
    found = next((name for name in files if name.endswith("/")), None)
    if found is not None:
        raise Policy(
            f"`{show(found)}` is a repository of its own, and not registered as a submodule.",
            hint="Add other paths, or ignore it.",
        )


async def _skipped(opened: Opened, files: list[str]) -> list[str]:
    """Files whose filter is disabled.

    Raises:
        Policy: the repository requires it; raw content (of Git LFS, say) would be committed unnoticed.
    """
    filters = opened.repository.hardening.filters
    if not filters or not files:
        return []
    feeding = b"".join(os.fsencode(name) + b"\0" for name in files)
    answer = await opened.git(Argv("check-attr", "-z", "--stdin", "filter").feed(feeding))
    fields = [os.fsdecode(field) for field in answer.out.split(b"\0")]
    skipped: list[str] = []
    for name, _, value in zip(*[iter(fields)] * _ATTRIBUTE_FIELDS, strict=False):
        if value not in filters:
            continue
        if filters[value]:
            raise Policy(
                f"`{show(name)}` needs the filter `{show(value)}`, which the repository configures itself.",
                hint="The operator can configure that filter globally.",
            )
        skipped.append(show(name))
    return skipped


def _covers(path: RepoPath, changed: set[str]) -> bool:
    name = show(path.text)
    return (name == "." and bool(changed)) or name in changed or any(one.startswith(f"{name}/") for one in changed)

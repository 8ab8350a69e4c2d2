"""The search for a faulty commit, with the state files of `git bisect` but without that command.

`git bisect` moves refs before it has read core.hooksPath, and so runs the hooks of the repository (measured, git 2.39).
"""

from pathlib import Path

from msgspec import Struct

from mcp_ref_git.access.files import read_plain
from mcp_ref_git.errors import BadArgument
from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.words import Glued, ObjectId, Value
from mcp_ref_git.reading.status import look
from mcp_ref_git.repository import Opened

_STATE = ("BISECT_START", "BISECT_TERMS", "BISECT_NAMES", "BISECT_LOG", "BISECT_EXPECTED_REV", "BISECT_ANCESTORS_OK")
_NAMESPACE = "refs/bisect/"
# Commits that could be looked at next, most useful first; skipped ones are passed over.
_MOST_CANDIDATES = 10_000
_MOST_BYTES = 1024 * 1024


class Search(Struct, frozen=True):
    """Where the search is."""

    current: str | None
    remaining: int | None
    first_bad: str | None
    finished: bool


async def start(opened: Opened, goods: list[ObjectId], bads: list[ObjectId]) -> Search:
    """Begin, and check out the first commit to judge where enough is known."""
    before = await look(opened)
    begun = before.branch or before.head
    if begun is None:
        raise BadArgument("The repository has no commit yet.")
    if (opened.git_dir / "BISECT_START").exists():
        raise BadArgument("A search is under way already; end it by `reset`.")
    await opened.workers.run(_written, opened.git_dir, begun)
    for commit in bads:
        await mark(opened, "bad", commit)
    for commit in goods:
        await mark(opened, "good", commit)
    return await proceed(opened)


async def mark(opened: Opened, verdict: str, commit: ObjectId) -> None:
    """Note what a commit is: good, bad or to be skipped."""
    require_under_way(opened.git_dir)
    name = "bad" if verdict == "bad" else f"{verdict}-{commit.text}"
    await opened.git(Argv("update-ref").put(Glued(f"{_NAMESPACE}{name}"), commit))
    await opened.workers.run(_logged, opened.git_dir, f"git bisect {verdict} {commit.text}")


async def proceed(opened: Opened) -> Search:
    """Check out the commit that halves what is left, unless the search is done or has not enough to go by."""
    marks = await _marks(opened)
    bad = marks.get(f"{_NAMESPACE}bad")
    goods = [commit for name, commit in marks.items() if name.startswith(f"{_NAMESPACE}good-")]
    skipped = {commit.text for name, commit in marks.items() if name.startswith(f"{_NAMESPACE}skip-")}
    head = await opened.head()
    if bad is None or not goods:
        return Search(None if head is None else head.text, None, None, finished=False)
    listing = Argv("rev-list", "--bisect-all").attach("--max-count=", _MOST_CANDIDATES).put(bad)
    listing.put(*(Glued.leaving(good) for good in goods))
    candidates = [line.split()[0] for line in (await opened.git(listing)).lines if line]
    open_ones = [one for one in candidates if one != bad.text and one not in skipped]
    if not candidates:
        raise BadArgument("What is good must come before what is bad.")
    if not open_ones:
        alone = len(candidates) == 1
        await _switch(opened, bad)
        return Search(bad.text, 0, bad.text if alone else None, finished=True)
    chosen = ObjectId.of(open_ones[0])
    await _switch(opened, chosen)
    await opened.workers.run(_fresh, opened.git_dir / "BISECT_EXPECTED_REV", f"{chosen.text}\n")
    return Search(chosen.text, len(open_ones) // 2, None, finished=False)


async def reset(opened: Opened) -> Search:
    """End the search, and go back to where it began."""
    require_under_way(opened.git_dir)
    begun = (await opened.workers.run(_read, opened.git_dir / "BISECT_START")).strip()
    (branch,) = await opened.things([f"refs/heads/{begun}"])
    target: Value = Value(begun) if branch is not None else await opened.commit(begun)
    argv = Argv("switch", "--quiet", "--no-guess", "--no-recurse-submodules").add("--detach", when=branch is None)
    if branch is not None and begun.startswith("-"):
        raise BadArgument("The branch where the search began has a name that cannot be used.")
    await opened.git(argv.put(target))
    for name, commit in (await _marks(opened)).items():
        await opened.git(Argv("update-ref", "-d").put(Glued(name), commit))
    await opened.workers.run(_removed, opened.git_dir)
    head = await opened.head()
    return Search(None if head is None else head.text, None, None, finished=True)


def require_under_way(git_dir: Path) -> None:
    """Refuse to judge where nothing is searched.

    Raises:
        BadArgument: no search is under way.
    """
    if not (git_dir / "BISECT_START").is_file():
        raise BadArgument("No search is under way; begin by `start`.")


async def _marks(opened: Opened) -> dict[str, ObjectId]:
    listing = Argv("for-each-ref", "--format=%(objectname) %(refname)", "refs/bisect")
    lines = (await opened.git(listing)).lines
    return {name: ObjectId.of(commit) for commit, _, name in (line.partition(" ") for line in lines)}


async def _switch(opened: Opened, commit: ObjectId) -> None:
    await opened.git(Argv("switch", "--quiet", "--detach", "--no-recurse-submodules").put(commit))


def _written(git_dir: Path, begun: str) -> None:
    for name, text in (("BISECT_START", f"{begun}\n"), ("BISECT_TERMS", "bad\ngood\n"), ("BISECT_NAMES", "\n")):
        _fresh(git_dir / name, text)
    _fresh(git_dir / "BISECT_LOG", "git bisect start\n")


def _fresh(path: Path, text: str) -> None:
    """Write a new file: a link that lies there already is replaced, never followed."""
    path.unlink(missing_ok=True)
    with path.open("x") as file:
        file.write(text)


def _logged(git_dir: Path, line: str) -> None:
    path = git_dir / "BISECT_LOG"
    before = _read(path) if path.is_file() and not path.is_symlink() else ""
    _fresh(path, f"{before}{line}\n")


def _read(path: Path) -> str:
    return read_plain(path, _MOST_BYTES).decode("utf-8", "replace")


def _removed(git_dir: Path) -> None:
    for name in _STATE:
        (git_dir / name).unlink(missing_ok=True)

"""Stashes, from the log of their ref. Pure, but for the command."""

import re

from msgspec import Struct

from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.parsing import records
from mcp_ref_git.repository import Opened

_FIELDS = 4
_ON = re.compile(r"(?:WIP on|On) (?P<branch>[^:]+): (?P<message>.*)", re.DOTALL)


class Stash(Struct, frozen=True):
    """Work put aside; `index` 0 is the latest."""

    index: int
    commit: str
    branch: str | None
    message: str
    date: str


async def read_stashes(opened: Opened, most: int) -> list[Stash]:
    """The latest stashes."""
    (there,) = await opened.things(["refs/stash^{commit}"])
    if there is None:
        return []
    argv = Argv("log", "--walk-reflogs", "-z", "--no-patch", "--format=%gd%x00%H%x00%gs%x00%cI", "--date=default")
    answer = await opened.git(argv.attach("--max-count=", most).add("refs/stash").paths(()))
    return [_stash(number, fields) for number, fields in enumerate(records(answer.out, _FIELDS))]


def _stash(index: int, fields: tuple[str, ...]) -> Stash:
    _, commit, said, date = fields
    found = _ON.fullmatch(said)
    if found is None:
        return Stash(index, commit, None, said, date)
    branch = None if found["branch"] == "(no branch)" else found["branch"]
    return Stash(index, commit, branch, found["message"], date)

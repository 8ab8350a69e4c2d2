"""What a fetch or push changed: refs before and after, or lines of `push --porcelain`. Pure, but for the command."""

import re

from msgspec import Struct

from mcp_ref_git.program.argv import Argv
from mcp_ref_git.program.redaction import without_credentials
from mcp_ref_git.repository import Opened

_LINE = re.compile(r"(?P<flag>[ +\-*=!])\t(?P<from>[^:\t]*):(?P<to>[^\t]*)\t(?P<said>.*)")
_FLAGS = {" ": "fast-forward", "+": "forced", "-": "deleted", "*": "new", "=": "up-to-date", "!": "rejected"}
_IDS = re.compile(r"([0-9a-f]{4,64})\.{2,3}([0-9a-f]{4,64})")


class Update(Struct, frozen=True):
    """A ref, its ids before and after (null where there is none), and what that is."""

    ref: str
    old: str | None
    new: str | None
    status: str


async def remote_refs(opened: Opened) -> dict[str, str]:
    """Every remote-tracking ref and tag."""
    listing = Argv("for-each-ref", "--format=%(objectname) %(refname)", "refs/remotes", "refs/tags")
    lines = (await opened.git(listing)).lines
    return {name: object_id for object_id, _, name in (line.partition(" ") for line in lines)}


def differences(before: dict[str, str], after: dict[str, str]) -> list[Update]:
    """What is new, moved or gone."""
    found: list[Update] = []
    for ref in sorted(before.keys() | after.keys()):
        old, new = before.get(ref), after.get(ref)
        if old != new:
            status = "new" if old is None else "deleted" if new is None else "updated"
            found.append(Update(ref, old, new, status))
    return found


def pushed(text: str) -> list[Update]:
    """The lines of `push --porcelain`."""
    found: list[Update] = []
    for line in text.split("\n"):
        parts = _LINE.fullmatch(line)
        if parts is not None:
            ids = _IDS.search(parts["said"])
            status = _FLAGS[parts["flag"]]
            reason = f": {without_credentials(parts['said'])}" if status == "rejected" else ""
            found.append(Update(parts["to"], ids[1] if ids else None, ids[2] if ids else None, status + reason))
    return found

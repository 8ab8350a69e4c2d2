"""What the journal says about one change: its steps, and what each would need to be taken back. Data only.

Paths are absolute and in the system's spelling, so that an entry means the same to every server and set of
directories; names that are not UTF-8 carry surrogates.
"""

from msgspec import Struct


class Kept(Struct, frozen=True, kw_only=True):
    """A file's former bytes in the journal, under the name `blob`, and what else must come back with them."""

    blob: str
    etag: str
    mode: int
    mtime_ns: int


class Step(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """One thing that was done at `path`."""

    path: str


class Wrote(Step, frozen=True, kw_only=True, tag="wrote"):
    """A file was created, or replaced if `before` is given; `after` is its new etag."""

    before: Kept | None = None
    after: str


class Appended(Step, frozen=True, kw_only=True, tag="appended"):
    """Bytes with the etag `added` were put at the end of a file that was `size` bytes long."""

    size: int
    length: int
    added: str
    mtime_ns: int


class MadeDirectory(Step, frozen=True, kw_only=True, tag="made"):
    """A directory was made."""


class Placed(Step, frozen=True, kw_only=True, tag="placed"):
    """A file, link or tree was put there whole; `mark` tells whether it is still that one."""

    mark: str


class Moved(Step, frozen=True, kw_only=True, tag="moved"):
    """What was at `path` was moved to `to`."""

    to: str
    mark: str


class Removed(Step, frozen=True, kw_only=True, tag="removed"):
    """What was at `path` is in the journal under the name `blob`."""

    blob: str


class Altered(Step, frozen=True, kw_only=True, tag="altered"):
    """Permissions and times were changed from the first of each pair to the second."""

    mode: tuple[int, int]
    atime_ns: tuple[int, int]
    mtime_ns: tuple[int, int]


AnyStep = Wrote | Appended | MadeDirectory | Placed | Moved | Removed | Altered


class Entry(Struct, frozen=True, kw_only=True):
    """One change: by which tool, when (seconds since 1970), for whom, and in which steps."""

    id: str
    tool: str
    time: float
    caller: str | None
    bytes: int
    steps: list[AnyStep]
    undone: bool = False

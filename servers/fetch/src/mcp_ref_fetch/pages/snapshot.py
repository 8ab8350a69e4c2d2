"""One fetched page as it was read once: every chunk of it comes from here. Inert data."""

from msgspec import Struct

from mcp_ref_fetch.web.wanted import Hop


class Snapshot(Struct, frozen=True, kw_only=True):
    """The text of a page in one form, with what is known about it."""

    id: str
    key: str
    """Digest of URL, form, headers and caller."""
    caller: str
    url: str
    final_url: str
    redirects: tuple[Hop, ...] = ()
    downgraded: bool = False
    status: int
    content_type: str
    charset: str | None = None
    title: str | None = None
    description: str | None = None
    language: str | None = None
    published: str | None = None
    content: str
    truncated: bool = False
    image: bytes | None = None
    etag: str | None = None
    last_modified: str | None = None
    fetched_at: str
    robots: str
    bytes: int
    fresh_until: float
    """By the clock of the wall, since it may be kept on disk."""
    reusable: bool
    """Whether it may answer a new question, and not only go on with an old one."""

    @property
    def size(self) -> int:
        """About how much memory it takes."""
        return len(self.content) * (1 if self.content.isascii() else 3) + len(self.image or b"") + 1000

"""The tool `download_file`: a body into a file of the download directory, whole or not at all."""

import hashlib
import os
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Annotated, Self

from msgspec import Struct

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_fetch.faults import BadRequest, DecodeFault, TooLarge
from mcp_ref_fetch.state import Ctx, State
from mcp_ref_fetch.text.sniff import sniffed
from mcp_ref_fetch.tools.arguments import SECONDS, Url
from mcp_ref_fetch.web.wanted import Answer, Wanted
from mcp_ref_kit.paths import AlreadyExists, JailPath, OpenFile, Root, Spot

downloading = Toolset[State]("download", default=False)

_HEX = frozenset("0123456789abcdef")
_LENGTH = 64
_START = 1024


class Downloaded(Struct, frozen=True, kw_only=True):
    """The file that was written."""

    path: str
    bytes: int
    sha256: str
    mime_type: str
    final_url: str
    untrusted: bool


@downloading.tool(read_only=False, destructive=False, idempotent=False, open_world=True, seconds=SECONDS)
async def download_file(
    ctx: Ctx,
    *,
    url: Url,
    path: Annotated[str, arg("Where, below the download directory.", min_length=1, max_length=4096)],
    max_bytes: Annotated[int, arg("Refuse a larger file.", ge=1)] | None = None,
    sha256: Annotated[str, arg("Refuse a file with another digest (hex).", max_length=64)] | None = None,
) -> Output[Downloaded]:
    """Download a file into the download directory. Nothing is overwritten; a broken download leaves nothing."""
    state = ctx.state
    root = state.downloads
    if root is None:
        raise ToolError(
            "There is no directory to download to.",
            code="unsupported",
            hint="Whoever runs this server can name one with --download-dir.",
        )
    wanted_digest = _digest(sha256)
    async with state.pages.within() as deadline:
        draft = await state.workers.run(Draft.begin, root, path)
        try:
            wanted = Wanted(url=state.url(url), agent=state.agent, deadline=deadline, accept="*/*")
            async with state.client.open(wanted) as answer:
                await state.pages.refuse_errors(answer)
                await _fill(ctx, draft, answer, max_bytes)
            _compare(draft, wanted_digest)
            await state.workers.run(draft.keep)
        finally:
            await state.workers.run(draft.close)
    result = Downloaded(
        path=draft.path,
        bytes=draft.size,
        sha256=draft.sha256,
        mime_type=sniffed(draft.start, answer.headers.get("content-type", "")).mime,
        final_url=str(answer.url),
        untrusted=True,
    )
    return Output(result, f"{result.path}: {result.bytes} bytes of {result.mime_type}, sha256 {result.sha256}")


async def _fill(ctx: Ctx, draft: "Draft", answer: Answer, most: int | None) -> None:
    from mcp_ref_fetch.wire.body import Bounds, bounded, check_length  # noqa: PLC0415  late, as the rest of the wire

    settings = ctx.state.settings
    limit = min(most or settings.max_bytes, settings.max_bytes)
    bounds = Bounds(limit, settings.max_decoded_bytes, settings.max_ratio)
    check_length(answer.headers.get("content-length"), bounds)
    async for piece in bounded(answer.parts, answer.headers.get("content-encoding", ""), bounds):
        if most is not None and draft.size + len(piece) > most:
            raise TooLarge(f"The file has more than {most} bytes.", hint="The limit is `max_bytes`.")
        await ctx.state.workers.run(draft.write, piece)


def _compare(draft: "Draft", wanted: str | None) -> None:
    if wanted is not None and draft.sha256 != wanted:
        raise DecodeFault(f"The file has the digest {draft.sha256}, not the one that was expected.")


def _digest(text: str | None) -> str | None:
    if text is None:
        return None
    digest = text.strip().lower()
    if len(digest) != _LENGTH or not _HEX.issuperset(digest):
        raise BadRequest("`sha256` must be 64 hexadecimal digits.")
    return digest


class Draft(AbstractContextManager["Draft"]):
    """A file without its name yet: it gets it when all of it is there. Everything blocks: call it in a worker."""

    def __init__(self, path: str, spot: Spot, file: OpenFile, temporary: Spot | None) -> None:
        self.path = path
        self.size = 0
        self.start = b""
        self._spot = spot
        self._file = file
        self._temporary = temporary
        self._hash = hashlib.sha256()
        self._kept = False

    @classmethod
    def begin(cls, root: Root, path: str) -> "Draft":
        """Make sure that the name is free and inside, and begin a file beside it.

        Raises:
            PathError: it is outside, or taken.
        """
        jailed = JailPath.parse(path)
        spot = root.parent(jailed, exact=True)
        try:
            if spot.exists():
                raise AlreadyExists(path)  # noqa: TRY301  the spot is closed below
            file = spot.anonymous(0o644)
            if file is not None:
                return cls(path, spot, file, None)
            temporary = spot.beside(f".{spot.name[:100]}.{hashlib.sha256(path.encode()).hexdigest()[:12]}.part")
            return cls(path, spot, temporary.create(0o644), temporary)
        except BaseException:  # the handle has no other owner yet
            spot.close()
            raise

    @property
    def sha256(self) -> str:
        """The digest of what was written."""
        return self._hash.hexdigest()

    def write(self, piece: bytes) -> None:
        """Add bytes."""
        view = memoryview(piece)
        while view:
            view = view[os.write(self._file.fd, view) :]
        self._hash.update(piece)
        self.size += len(piece)
        if len(self.start) < _START:
            self.start += piece[: _START - len(self.start)]

    def keep(self) -> None:
        """Give the file its name, if nothing has it by now.

        Raises:
            AlreadyExists: something has.
        """
        if self._temporary is None:
            self._spot.link(self._file)
        else:
            self._temporary.rename(self._spot)
        self._kept = True

    def close(self) -> None:
        """Let go of the file; what has no name is gone."""
        self._file.close()
        if self._temporary is not None and not self._kept:
            self._temporary.unlink()
        self._spot.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

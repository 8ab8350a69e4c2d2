"""Tools that compare, hash and sum up files."""

import hashlib
from typing import Annotated, Literal

from msgspec import Struct

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.search.summing import Summary, Summing, What
from mcp_ref_filesystem.slices import Pulse, Steps, carry_out
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.text.diff import clipped, fenced, similarity, unified
from mcp_ref_filesystem.tools.arguments import LOOKING, ContextLines, DirectoryPath
from mcp_ref_filesystem.views.several import FileError
from mcp_ref_kit.content.encodings import detect, safe
from mcp_ref_kit.paths import OpenFile
from mcp_ref_kit.workers import Stop

analyze = Toolset[State]("analyze", default=False)

Algorithm = Literal["sha256", "sha1", "md5", "blake2b"]

MIB = 1024 * 1024
# Larger texts are only told equal or not.
MOST_COMPARED = 16 * MIB


class Comparison(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether the bytes are equal; for texts the share of common lines and the diff."""

    equal: bool
    similarity: float | None = None
    diff: str | None = None
    untrusted: bool = True


class Hashed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file: its hash, or an error."""

    path: str
    ok: bool
    hash: str | None = None
    size: int | None = None
    error: FileError | None = None


class Hashes(Struct, frozen=True):
    """The files in the order asked for."""

    files: list[Hashed]


@analyze.tool(**LOOKING)
async def compare_files(
    ctx: Ctx,
    *,
    left: Annotated[str, arg("One file.")],
    right: Annotated[str, arg("The other file.")],
    context: ContextLines = 3,
) -> Output[Comparison]:
    """Compare two files; for texts the diff leads from left to right."""
    one, other = await ctx.state.locate(ctx, left), await ctx.state.locate(ctx, right)
    done = await ctx.state.workers.run_stoppable(compare, one, other, context)
    if done.diff is not None and not done.equal:
        return Output(done, fenced(safe(done.diff)))
    return Output(done, "The files are equal" if done.equal else "The files differ")


@analyze.tool(**LOOKING)
async def hash_files(
    ctx: Ctx,
    *,
    paths: Annotated[list[str], arg("Paths of the files.", min_length=1, max_length=100)],
    algorithm: Annotated[Algorithm, arg("md5 and sha1 only to compare with old sums.")] = "sha256",
) -> Output[Hashes]:
    """Hash files; one that fails does not fail the others."""
    files: list[Located | ToolError] = []
    for path in paths:
        try:
            files.append(await ctx.state.locate(ctx, path))
        except ToolError as error:
            files.append(error)
    pulse, found = Pulse(), list[Hashed]()
    await carry_out(ctx, hashing(pulse, files, paths, algorithm, found), pulse, "MiB hashed")
    lines = [f"{one.hash}  {one.path}" if one.error is None else f"{one.path}: {one.error.message}" for one in found]
    return Output(Hashes(found), safe("\n".join(lines)))


@analyze.tool(**LOOKING)
async def analyze_directory(
    ctx: Ctx,
    *,
    path: DirectoryPath,
    what: Annotated[What, arg("size: of each entry, with all beneath it.")],
    limit: Annotated[int, arg("Most items.", ge=1, le=1000)] = 50,
) -> Summary:
    """Sum up a directory and all beneath it: sizes, largest files, duplicates, what is empty, extensions."""
    start = await ctx.state.locate(ctx, path)
    pulse = Pulse()
    summing = Summing(pulse, start, what, limit, ctx.state.settings)
    await carry_out(ctx, summing.steps(), pulse, "entries looked at")
    return summing.summary


def compare(stop: Stop, left: Located, right: Located, context: int) -> Comparison:
    """Compare two files."""
    with left.open() as one, right.open() as other:
        if max(one.stat.st_size, other.stat.st_size) > MOST_COMPARED:
            return Comparison(equal=_same_bytes(stop, one, other))
        old, new = one.read_at(0, MOST_COMPARED + 1), other.read_at(0, MOST_COMPARED + 1)
    texts = _text(old), _text(new)
    if texts[0] is None or texts[1] is None:
        return Comparison(equal=old == new)
    diff = unified(texts[0], texts[1], left.written, context=context)
    return Comparison(equal=old == new, similarity=round(similarity(texts[0], texts[1]), 4), diff=clipped(diff))


def hashing(
    pulse: Pulse, files: list[Located | ToolError], paths: list[str], algorithm: Algorithm, found: list[Hashed]
) -> Steps:
    """Hash one file after the other into `found`; yields how many MiB are done."""
    done = 0
    for file, path in zip(files, paths, strict=True):
        try:
            if isinstance(file, ToolError):
                raise file
            digest = hashlib.new(algorithm, usedforsecurity=False)
            with file.open() as opened:
                size = 0
                while block := opened.read_at(size, MIB):
                    digest.update(block)
                    size += len(block)
                    done += 1
                    yield done
            found.append(Hashed(path=path, ok=True, hash=digest.hexdigest(), size=size))
        except ToolError as error:
            pulse.check()
            found.append(Hashed(path=path, ok=False, error=FileError(error.code, error.message)))


def _same_bytes(stop: Stop, one: OpenFile, other: OpenFile) -> bool:
    if one.stat.st_size != other.stat.st_size:
        return False
    for start in range(0, one.stat.st_size, MIB):
        stop.check()
        if one.read_at(start, MIB) != other.read_at(start, MIB):
            return False
    return True


def _text(data: bytes) -> str | None:
    encoding = detect(data)
    return None if encoding is None else encoding.decode(data[len(encoding.mark) :])

# ruff: noqa: N803  argument names are the wire's, as the official server has them
"""Tools that move, copy and delete whole files and directories."""

import os
import stat
from collections.abc import Generator, Mapping
from typing import Annotated

from msgspec import Struct

from mcp_protocol import Output, Refused, Toolset, arg
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.duplicate import Plan, copying, finished, staged
from mcp_ref_filesystem.change.making import place_of
from mcp_ref_filesystem.change.moving import Relocated, move, refuse_itself
from mcp_ref_filesystem.change.placing import flush, rename_over, replaceable, set_aside
from mcp_ref_filesystem.change.recording import Job, Recording
from mcp_ref_filesystem.change.removing import Deleted, Way, delete
from mcp_ref_filesystem.change.saving import absolute
from mcp_ref_filesystem.change.stepping import change_in_steps
from mcp_ref_filesystem.change.trees import RULE_KINDS, found_spot, measured
from mcp_ref_filesystem.history.steps import Placed
from mcp_ref_filesystem.results import kind_of
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.tools.arguments import CreateParents, IfMatch, Overwrite
from mcp_ref_kit.paths import InvalidPath, NotAFile, Spot

transfer = Toolset[State]("write")

WAYS: Mapping[str, Way] = {"state": "journal", "desktop": "desktop", "off": "nowhere"}

Source = Annotated[str, arg("What to take.")]
Destination = Annotated[str, arg("Its new path, name included.")]


class Copied(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How much was copied."""

    files: int
    change_id: str | None = None


class CopyResult(Copied, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same, with the sockets, pipes and devices that were left out."""

    source: str
    destination: str
    bytes: int
    skipped: int


class CopyWish(Struct, frozen=True, kw_only=True):
    """How to copy."""

    recursive: bool = True
    overwrite: bool = False
    preserve: bool = True


@transfer.tool(destructive=True, idempotent=False, open_world=False)
async def move_file(
    ctx: Ctx,
    *,
    source: Source,
    destination: Destination,
    overwrite: Overwrite = False,
    createParents: CreateParents = False,
) -> Output[Relocated]:
    """Move or rename a file, directory or link."""
    taken = await ctx.state.locate(ctx, source, write=True)
    place = await ctx.state.locate(ctx, destination, write=True)
    done = await ctx.state.changes.run(
        ctx, "move_file", [taken, place], move, taken, place, overwrite=overwrite, create_parents=createParents
    )
    return Output(done, f"Successfully moved {source} to {destination}")


@transfer.tool(destructive=False, idempotent=False, open_world=False)
async def copy_file(
    ctx: Ctx,
    *,
    source: Source,
    destination: Destination,
    recursive: Annotated[bool, arg("Copy directories whole.")] = True,
    overwrite: Overwrite = False,
    preserve: Annotated[bool, arg("Keep times and owner.")] = True,
) -> Output[Copied]:
    """Copy a file or directory; links stay links."""
    taken = await ctx.state.locate(ctx, source)
    place = await ctx.state.locate(ctx, destination, write=True)
    wish = CopyWish(recursive=recursive, overwrite=overwrite, preserve=preserve)
    done = await change_in_steps(ctx, "copy_file", [place], copying_steps, taken, place, wish)
    return Output(done, f"Successfully copied {source} to {destination}")


@transfer.tool(destructive=True, idempotent=False, open_world=False)
async def delete_file(
    ctx: Ctx,
    *,
    path: Annotated[str, arg("What to delete.")],
    recursive: Annotated[bool, arg("Also a directory that is not empty.")] = False,
    permanent: Annotated[bool, arg("For good; needs admin mode.")] = False,
    ifMatch: IfMatch = None,
) -> Output[Deleted]:
    """Delete a file or directory; undo_change brings it back."""
    settings = ctx.state.settings
    if settings.mode != "admin" and (permanent or settings.trash == "off"):
        why = "permanent=true" if permanent else "There is no trash, and deleting for good"
        raise Refused(f"{why} needs the server's admin mode.", code="denied_policy")
    target = await ctx.state.locate(ctx, path, write=True)
    way = "nowhere" if permanent else WAYS[settings.trash]
    done = await ctx.state.changes.run(
        ctx, "delete_file", [target], delete, target, recursive=recursive, to=way, if_match=ifMatch
    )
    return Output(done, f"Successfully deleted {path}")


def copy(job: Job, source: Located, destination: Located, wish: CopyWish) -> CopyResult:
    """Copy beside the destination under a hidden name, then give it its name."""
    return finished(copying_steps(job, source, destination, wish))


def copying_steps(job: Job, source: Located, destination: Located, wish: CopyWish) -> Generator[int, None, CopyResult]:
    """The same in steps: yields 1 for each thing that was copied."""
    with Recording(job) as record:
        spot, found = found_spot(source, write=False)
        with spot, place_of(destination, exact=True, makes=RULE_KINDS[kind_of(found.st_mode)]) as to:
            if stat.S_ISDIR(found.st_mode) and not wish.recursive:
                raise NotAFile(source.written, hint="Give recursive=true to copy a directory.")
            here, there = absolute(source, spot.resolved), absolute(destination, to.resolved)
            if f"{there}/".startswith(f"{here}/") and stat.S_ISDIR(found.st_mode):
                raise InvalidPath(destination.written, f"`{source.written}` cannot be copied into itself.")
            old = replaceable(to, overwrite=wish.overwrite)
            refuse_itself(found, old, destination.written)
            plan = Plan(source, destination, to.resolved, preserve=wish.preserve)
            with staged(to) as stage:
                skipped = yield from copying(spot, stage, plan, job)
                size = measured(stage, job)
                if old is not None:
                    set_aside(record, to, there, old.st_size)
                record.add(Placed(path=there, mark=size.mark))
                change = _place(record, stage, to, old)
    return CopyResult(
        source=source.written,
        destination=destination.written,
        files=size.files,
        bytes=size.bytes,
        skipped=skipped,
        change_id=change,
    )


def _place(record: Recording, stage: Spot, to: Spot, old: os.stat_result | None) -> str | None:
    flush(record.job, stage)
    record.job.stop.check()
    change = record.save()
    rename_over(record.job, stage, to, old)
    record.acted()
    return change

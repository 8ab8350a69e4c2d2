"""Replaces what matches a pattern in many files: first all are read and worked out, then all are written. Blocking."""

import time
from hashlib import sha256

from msgspec import Struct

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.atomic import drafted
from mcp_ref_filesystem.change.etag import etag_of, etag_of_file
from mcp_ref_filesystem.change.recording import Job, Recording
from mcp_ref_filesystem.change.saving import absolute, existing
from mcp_ref_filesystem.history.steps import Wrote
from mcp_ref_filesystem.results import joined
from mcp_ref_filesystem.search.match import Globs
from mcp_ref_filesystem.search.needle import Way
from mcp_ref_filesystem.search.walk import Cut, Folder, Scope, Walk
from mcp_ref_filesystem.settings import MIB
from mcp_ref_filesystem.text.diff import clipped, unified
from mcp_ref_filesystem.text.splice import Body
from mcp_ref_filesystem.text.substitution import LineTooLong, Substitution
from mcp_ref_kit.content.encodings import detect
from mcp_ref_kit.paths import JailPath, PathError, Spot, show

# A larger file is a program's output, not something people edit.
MOST_BYTES = 10 * MIB
# All new contents are held until the last file is known to fit.
MOST_HELD = 64 * MIB
# Characters of all diffs together.
MOST_DIFF = 120_000


class Query(Struct, frozen=True, kw_only=True):
    """What is replaced by what, and in which files."""

    pattern: str
    replacement: str
    path: str = "."
    mode: Way = "regex"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_files: int = 100


class Rewrite(Struct, frozen=True, kw_only=True):
    """One file as it would become; `before` is the etag that it has."""

    path: str
    resolved: JailPath
    before: str
    data: bytes
    count: int
    diff: str


class Plan(Struct, frozen=True, kw_only=True):
    """All files that would change, and how many could not be looked at."""

    rewrites: list[Rewrite]
    scanned: int
    skipped: int

    @property
    def digest(self) -> str:
        """Changes when any file, or what would become of it, does."""
        lines = (f"{rewrite.resolved.shown}\0{rewrite.before}\0{etag_of(rewrite.data)}" for rewrite in self.rewrites)
        return sha256("\n".join(lines).encode()).hexdigest()


def planned(job: Job, start: Located, query: Query, *, max_depth: int, seconds: float) -> Plan:
    """Work out every replacement without writing anything.

    Raises:
        ToolError: `too_large`, for too many files or bytes; `timeout`.
    """
    work = Planning(job, start, query)
    scope = Scope(
        exclude=Globs(query.exclude, floating=True),
        hidden=False,
        gitignore=True,
        max_depth=max_depth,
        max_visited=job.most,
        deadline=time.monotonic() + seconds,
    )
    walk = Walk(start, scope, Globs(query.include or ("**",), floating=True))
    try:
        for visit in walk:
            for name in [] if visit.directory else visit.names:
                walk.check()
                job.stop.check()
                if name not in visit.listed.odd:
                    work.take(visit.folder, name)
    except Cut as cut:
        code = "timeout" if cut.reason == "time" else "too_large"
        raise ToolError("There are too many files to look at.", code=code, hint="Narrow path or include.") from cut
    return work.plan


class Planning:
    """What has been worked out so far."""

    def __init__(self, job: Job, start: Located, query: Query) -> None:
        self._start = start
        self._most = query.max_files
        self._substitution = Substitution(query.pattern, query.replacement, query.mode, job.stop.check)
        self._rewrites: list[Rewrite] = []
        self._held = self._shown = self._scanned = self._skipped = 0

    @property
    def plan(self) -> Plan:
        """All of it."""
        return Plan(rewrites=self._rewrites, scanned=self._scanned, skipped=self._skipped)

    def take(self, folder: Folder, name: str) -> None:
        """Work out one file."""
        resolved = folder.handle.resolved.child(name)
        if not self._start.allows(resolved, write=True):
            self._skipped += 1
            return
        try:
            data = folder.handle.read(name, MOST_BYTES)
        except PathError:
            data = None
        if data is None:
            self._skipped += 1
            return
        self._scanned += 1
        try:
            self._replace(data, joined(self._start.written, folder.path + show(name)), resolved)
        except LineTooLong:
            self._skipped += 1

    def _replace(self, data: bytes, path: str, resolved: JailPath) -> None:
        encoding = detect(data)
        if encoding is None:
            return
        text = encoding.decode(data[len(encoding.mark) :])
        body = Body(text)
        spans = self._substitution.spans(body.text)
        if not spans:
            return
        body.splice(spans)
        new = body.written()
        written = encoding.mark + encoding.encode(new)
        if written == data:
            return
        diff = clipped(unified(text, new, path), max(0, min(MOST_DIFF - self._shown, MOST_DIFF // 4)))
        self._add(
            Rewrite(path=path, resolved=resolved, before=etag_of(data), data=written, count=len(spans), diff=diff)
        )

    def _add(self, rewrite: Rewrite) -> None:
        self._rewrites.append(rewrite)
        self._held += len(rewrite.data)
        self._shown += len(rewrite.diff)
        if len(self._rewrites) > self._most or self._held > MOST_HELD:
            message = f"More than {self._most} files, or {MOST_HELD // MIB} MiB, would change; nothing was written."
            raise ToolError(message, code="too_large", hint="Narrow path or include, or raise maxFiles.")


def write_all(record: Recording, start: Located, plan: Plan) -> str | None:
    """Write every file of a plan; nothing is written if one of them has changed since it was worked out.

    Raises:
        ToolError: `conflict`.
    """
    for rewrite in plan.rewrites:
        with _spot(start, rewrite) as spot, existing(spot) as old:
            if old is None or etag_of_file(old.fd, check=record.job.stop.check) != rewrite.before:
                raise _changed(rewrite.path, 0, plan)
            step = Wrote(
                path=absolute(start, spot.resolved),
                before=record.keep(old, rewrite.before),
                after=etag_of(rewrite.data),
            )
            record.add(step)
    record.job.stop.check()
    change = record.save()
    for done, rewrite in enumerate(plan.rewrites):
        with _spot(start, rewrite) as spot, existing(spot) as old:
            if old is None or etag_of_file(old.fd) != rewrite.before:
                raise _changed(rewrite.path, done, plan)
            with drafted(spot) as draft:
                draft.write(rewrite.data)
                draft.keep(old)
                draft.commit(old, fsync=record.job.fsync)
        record.acted()
    return change


def _spot(start: Located, rewrite: Rewrite) -> Spot:
    """The file's place, its own directory opened anew through the jail and judged."""
    spot = start.root.parent(rewrite.resolved, exact=True)
    try:
        start.judge(spot.resolved, write=True)
    except BaseException:  # nobody else owns the handle yet
        spot.close()
        raise
    return spot


def _changed(path: str, done: int, plan: Plan) -> ToolError:
    if not done:
        message = f"`{path}` has changed since; nothing was written."
        return ToolError(message, code="conflict", hint="Make a new dry run.")
    message = f"`{path}` has changed meanwhile; {done} of {len(plan.rewrites)} files were written before."
    return ToolError(message, code="conflict", hint="undo_change takes those back.")

"""backup: a copy of the file by SQLite's own backup, below the operator's directory; the source is only read."""

import os
import secrets
import sqlite3
import time
from collections.abc import Callable
from functools import partial

from mcp_ref_kit.db.calls.deadline import Progress
from mcp_ref_kit.db.calls.errors import DbError, bad_argument
from mcp_ref_kit.db.exports.exporting import plain_name
from mcp_ref_kit.paths import AlreadyExists, JailPath, Root, Spot
from mcp_ref_sqlite.engine.database import Database
from mcp_ref_sqlite.results import BackedUp
from mcp_ref_sqlite.state import Ctx

_PAGES_A_STEP = 256


async def backup(ctx: Ctx, database: Database, name: str | None) -> BackedUp:
    """Copy the database."""
    state = ctx.state
    root = state.backups
    if root is None:
        raise DbError(
            "This server has no directory for backups.",
            code="permission",
            hint="The operator can start it with --backup-dir.",
        )
    if name is None:
        name = f"{database.name}-{time.strftime('%Y%m%d-%H%M%S')}.db"
    try:
        plain = plain_name(name)
    except DbError as error:
        raise bad_argument("name", "must be a plain name such as today.db, without a directory") from error
    copying = _Copying(root, plain)
    async with state.running(database, None) as deadline, Progress(ctx).following(lambda: copying.done):
        return await database.look(partial(copying.run, stopped=lambda: deadline.left <= 0), deadline)


class _Copying:
    """One backup; `done` pages are copied. It leaves nothing behind that is not whole."""

    def __init__(self, root: Root, name: str) -> None:
        self.done = 0
        self._root = root
        self._name = name

    def run(self, connection: sqlite3.Connection, *, stopped: Callable[[], bool]) -> BackedUp:
        """On the thread of the connection for our own statements."""
        with self._root.parent(JailPath((self._name,), self._name), exact=True) as spot:
            if spot.exists():
                raise DbError(f"There is a file `{self._name}` already.", code="conflict")
            draft = spot.beside(f".{secrets.token_hex(16)}.part")
            draft.create().close()
            try:
                pages = self._copied(connection, draft, stopped)
                draft.rename(spot)
            except BaseException as error:  # cancelled, too: half a copy is none
                draft.unlink()
                if isinstance(error, AlreadyExists):
                    raise DbError(f"There is a file `{self._name}` already.", code="conflict") from error
                raise
            spot.sync()
            return BackedUp(file=self._name, bytes=spot.lstat().st_size, pages=pages)

    def _copied(self, connection: sqlite3.Connection, draft: Spot, stopped: Callable[[], bool]) -> int:
        # SQLite opens by a name; that of the handle's directory cannot be led elsewhere meanwhile.
        path = f"/proc/self/fd/{draft.parent.fd}/{draft.name}"
        if not os.path.exists(path):  # noqa: PTH110  a name that only this process has
            path = str(self._root.real / draft.name)
        target = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            target.execute("PRAGMA journal_mode=OFF").close()
            connection.backup(target, pages=_PAGES_A_STEP, progress=partial(self._step, stopped), sleep=0.01)
            return self.done
        finally:
            target.close()

    def _step(self, stopped: Callable[[], bool], status: int, remaining: int, total: int) -> None:
        del status
        self.done = total - remaining
        if stopped():
            raise sqlite3.OperationalError("interrupted")

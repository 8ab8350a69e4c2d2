"""Commands that an engine may lack: its answer, or the sentence that says what to install."""

from typing import Any

from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.faults import refusal, unsupported
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.engine.resp import Fault


async def asked(db: Database, words: Vector, what: str, *, write: bool = False) -> Any:
    """The reply to a module's command.

    Raises:
        DbError: `unsupported`; also what the engine refuses.
    """
    [reply] = await db.run(words, write=write)
    return known(reply, words[0].decode(), what)


def known(reply: Any, command: str, what: str) -> Any:
    """A reply that is no error; one about a command that is missing says which, and what it is for."""
    if isinstance(reply, Fault):
        raise unsupported(command, what) if is_missing(reply) else refusal(reply)
    return reply


def is_missing(fault: Fault) -> bool:
    """Whether it says that there is no such command."""
    return fault.text.startswith("ERR unknown command")

"""What an engine refuses and what a connection fails with, as errors that a model can read.

An engine's own words pass through; what the client library says does not, since it names hosts and files.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_kit.db.calls.errors import Code, DbError, Scrub
from mcp_ref_redis.access.jail import out_of_reach
from mcp_ref_redis.engine.parser import Declined
from mcp_ref_redis.engine.resp import Fault, Garbled, TooLarge


class Meaning(Struct, frozen=True):
    """What the first word of an error reply says."""

    code: Code
    hint: str | None = None


_BUSY = Meaning("busy", hint="Try again in a moment.")
_STRANGERS = ("NOAUTH", "WRONGPASS")
_TYPE = Meaning("conflict", hint="key_info tells the type of a key.")
_MEANINGS: Mapping[str, Meaning] = {
    "WRONGTYPE": _TYPE,
    **dict.fromkeys(("BUSYKEY", "EXISTS", "BUSYGROUP"), Meaning("conflict")),
    "NOGROUP": Meaning("not_found", hint="stream_groups with action create makes a group."),
    "NOPERM": Meaning("permission", hint="The operator grants rights to the user of this server by ACL SETUSER."),
    **dict.fromkeys(_STRANGERS, Meaning("connection", hint="The operator sets user and password.")),
    "READONLY": Meaning("read_only", hint="The engine is a replica; writes go to its primary."),
    **dict.fromkeys(("LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS", "UNBLOCKED"), _BUSY),
    "OOM": Meaning("too_large", hint="The engine is at its maxmemory; delete keys or raise it."),
    "MISCONF": Meaning("unsupported"),
    "CROSSSLOT": Meaning("conflict", hint="Keys of one call to a cluster need one hash tag: {tag}a, {tag}b."),
    **dict.fromkeys(("MOVED", "ASK"), Meaning("busy", hint="The cluster is moving slots; try again.")),
    "EXECABORT": Meaning("conflict"),
    "NOSCRIPT": Meaning("not_found"),
}
# ERR is the word for everything else; these beginnings say more.
_BEGINNINGS: tuple[tuple[str, Meaning], ...] = (
    ("ERR unknown command", Meaning("unsupported", hint="This engine does not have it; a module may be missing.")),
    ("ERR unknown subcommand", Meaning("unsupported")),
    ("ERR no such key", Meaning("not_found")),
    ("ERR The ID", Meaning("conflict")),
    ("ERR max number of clients", _BUSY),
    ("ERR syntax", Meaning("syntax")),
    ("ERR Syntax", Meaning("syntax")),
    ("ERR Protocol error", Meaning("syntax")),
    ("Syntax error", Meaning("syntax")),
    ("Index already exists", Meaning("conflict")),
    ("Existing key has wrong Redis type", _TYPE),
)
# Modules say it in the middle, some after a word of the caller's.
_NO_INDEX = Meaning("not_found", hint="search_indexes lists the indexes.")
_PHRASES: tuple[tuple[str, Meaning], ...] = (
    ("nknown index name", _NO_INDEX),
    ("no such index", _NO_INDEX),
    ("WRONGTYPE", _TYPE),
    ("not a TSDB key", _TYPE),
    ("wrong type of path value", Meaning("conflict", hint="read_key with path shows what is there.")),
    ("key does not exist", Meaning("not_found")),
    ("key that doesn't exist", Meaning("not_found")),
    ("' does not exist", Meaning("not_found", hint="read_key without path shows the document.")),
)
_PLAIN = Meaning("invalid_argument")
# Nothing of where keys are is told: a redirection is answered by us or not at all.
_UNTOLD = frozenset({"MOVED", "ASK"})


# Ours, where a part of a pipeline found its node gone: the others have their answers.
_NODE_GONE = "NODEGONE"


class Lost(Exception):
    """The connection broke; `unanswered` says that no byte of a reply had come."""

    def __init__(self, *, unanswered: bool) -> None:
        super().__init__("the connection to the engine broke")
        self.unanswered = unanswered


def gone(error: ToolError) -> Fault:
    """What stands in place of each reply of a node that was lost."""
    return Fault(f"{_NODE_GONE} {error.message}")


def refusal(fault: Fault) -> DbError:
    """An error reply as a tool error."""
    if fault.word == _NODE_GONE:
        return DbError(fault.text.removeprefix(_NODE_GONE).strip(), code="connection")
    meaning = _meaning(fault)
    text = "The engine has the key elsewhere." if fault.word in _UNTOLD else _sentence(fault.text)
    if fault.word == "NOPERM":
        text = f"{out_of_reach().message} The engine says: {text}"
    # Modules begin with whatever word comes first in their sentence.
    word = fault.word if fault.word.isupper() else "ERR"
    return DbError(text, code=meaning.code, hint=meaning.hint, engine_code=word)


def require(reply: Any) -> Any:
    """A reply that is no error.

    Raises:
        ToolError: it is one.
    """
    if isinstance(reply, Fault):
        raise refusal(reply)
    return reply


def unreachable(why: str = "connection refused") -> DbError:
    """The engine cannot be reached."""
    return DbError(
        f"The database cannot be reached: {why}.",
        code="connection",
        hint="It is tried again with the next call.",
    )


@asynccontextmanager
async def within(seconds: float) -> AsyncGenerator[None]:
    """What is asked in the block is answered in time, or the engine counts as gone; for what no call's deadline ends.

    Raises:
        ToolError: `connection`.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise unreachable("it did not answer in time") from error


def declined(fault: Fault) -> DbError:
    """A handshake that the engine refuses: it may only be busy, with its data or its clients."""
    if _meaning(fault).code == "busy":
        return refusal(fault)
    if fault.word in _STRANGERS:
        return unreachable("it refused the user name or password")
    return unreachable(f"it refused the handshake: {_sentence(fault.text).rstrip('.')}")


def unsupported(command: str, what: str) -> DbError:
    """The engine lacks a command."""
    return DbError(
        f"This engine has no command {command}.",
        code="unsupported",
        hint=f"{what} needs Redis 8, or the module that brings {command}.",
    )


def misread(error: BaseException) -> DbError | None:
    """What a reply is wrong with, as a tool error: `too_large`, or `connection` for what is no reply."""
    if isinstance(error, TooLarge):
        return DbError(
            f"The reply is larger than this server takes: {error}.",
            code="too_large",
            hint="Read it in windows: read_key with start and count, or a smaller count.",
        )
    return unreachable("what answers there does not speak RESP") if isinstance(error, Garbled) else None


@contextmanager
def opening_errors() -> Generator[None]:
    """Why a connection could not be opened, as a tool error; one seam to the client library's errors.

    Raises:
        ToolError: `connection`.
    """
    try:
        yield
    except Declined as error:
        raise declined(error.fault) from error
    except (AttributeError, TypeError, LookupError) as error:  # the library takes a reply for what it should be
        raise unreachable("it answered the handshake with something else") from error
    except Exception as error:  # judged by its class; its text names hosts and files
        meaning = unreachable(_reason(error)) if is_broken(error) else misread(error)
        if meaning is None:
            raise
        raise meaning from error


def is_broken(error: BaseException) -> bool:
    """Whether the connection failed; the other seam to the client library's errors."""
    return isinstance(error, OSError) or type(error).__module__.startswith("redis.")


_LIBRARY: Mapping[str, str] = {
    "TimeoutError": "it did not answer in time",
}


def _reason(error: BaseException) -> str:
    """Why, without a host or a path."""
    known = _LIBRARY.get(type(error).__name__)
    if known is not None:
        return known
    cause = error if isinstance(error, OSError) else error.__context__
    if type(cause).__name__ == "SSLCertVerificationError":  # by its name: a server without TLS does not load ssl
        return f"its certificate is not trusted ({getattr(cause, 'verify_message', '')})"
    return next((why for kind, why in _SYSTEM if isinstance(cause, kind)), "the connection failed")


_SYSTEM: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "connection refused"),
    (FileNotFoundError, "there is no such socket or TLS file"),
    (PermissionError, "permission denied"),
)


def _meaning(fault: Fault) -> Meaning:
    found = _MEANINGS.get(fault.word)
    if found is not None:
        return found
    said = (meaning for start, meaning in _BEGINNINGS if fault.text.startswith(start))
    return next(said, None) or next((meaning for phrase, meaning in _PHRASES if phrase in fault.text), _PLAIN)


def _sentence(text: str) -> str:
    """The engine's words on one bounded line with an end."""
    line = _SCRUB(text).removeprefix("ERR ").strip()
    return line if line.endswith((".", "!", "?")) else f"{line}."


# Engines name no files in their errors, and no passwords.
_SCRUB = Scrub()

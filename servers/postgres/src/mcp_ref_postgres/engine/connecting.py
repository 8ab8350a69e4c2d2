"""One connection: the parameters it starts with, and what its transactions need behind a pooler."""

import asyncio
import logging
from typing import Any, Literal, cast

from mcp_ref_kit.libraries import imported
from mcp_ref_postgres.engine.driver import Connection, Driver
from mcp_ref_postgres.engine.faults import driver_errors
from mcp_ref_postgres.settings import Settings

_log = logging.getLogger(__name__)

Path = Literal["read", "write"]

DRIVER = "asyncpg"

# A held portal lives 60 s; the engine ends what was forgotten a little later.
IDLE_IN_TRANSACTION = 75
# Beyond it a new backend is not worth waiting for.
MOST_SECONDS = 10
_ATTENTIVE = 14
_ATTEND = "SET client_connection_check_interval = 2000"
# Poolers refuse start parameters they do not know; these they take.
_POOLED = ("application_name",)
_REFUSED_BY_POOLER = ("unsupported startup parameter", "unsupported startup parameters")


def startup(settings: Settings, path: Path) -> dict[str, str]:
    """Parameters of the session. Given at the start, so that RESET falls back to them.

    With standard_conforming_strings off, the engine and our lexer would disagree where a string ends.
    """
    parameters = {
        "application_name": settings.application_name,
        "statement_timeout": _milliseconds(settings.timeout),
        "lock_timeout": _milliseconds(settings.lock_timeout),
        "idle_in_transaction_session_timeout": _milliseconds(IDLE_IN_TRANSACTION),
        "jit": "off",
        "standard_conforming_strings": "on",
        "datestyle": "ISO, MDY",
        "intervalstyle": "postgres",
        "bytea_output": "hex",
        "default_transaction_read_only": "on" if path == "read" else "off",
    }
    if settings.search_path is not None:
        parameters["search_path"] = settings.search_path
    if settings.role is not None:
        parameters["role"] = settings.role
    return parameters


class Session:
    """A connection and what was learnt when it began."""

    def __init__(self, connection: Connection, parameters: dict[str, str], *, pooled: bool) -> None:
        self.connection = connection
        self.pid = connection.get_server_pid()
        self.notices: list[str] = []
        self.used = 0
        self.standing = ""
        """What stands behind every RESET ALL: no parameter of the start, since older engines would refuse that."""
        self._pooled = pooled
        self._parameters = parameters
        connection.add_log_listener(self._hear)

    async def attend(self) -> None:
        """Let the engine notice that nobody is left to answer; a function that catches its cancel would run forever.

        Some systems cannot notice, and engines before 14 do not know how.
        """
        if self._pooled or self.connection.get_server_version().major < _ATTENTIVE:
            return
        try:
            await self.connection.execute(_ATTEND)
        except driver_errors():
            return
        self.standing = f"; {_ATTEND}"

    @property
    def prologue(self) -> str:
        """What a transaction begins with behind a pooler, which does not pass the parameters of the start on."""
        if not self._pooled:
            return ""
        return "".join(
            f"; SELECT pg_catalog.set_config({_quoted(name)}, {_quoted(value)}, true)"
            for name, value in self._parameters.items()
        )

    @property
    def statement_name(self) -> str | None:
        """Named statements belong to one backend; behind a pooler the unnamed one is used."""
        return "" if self._pooled else None

    def _hear(self, _connection: Any, notice: Any) -> None:
        if len(self.notices) < MOST_NOTICES:
            self.notices.append(str(notice.message)[:LONGEST_NOTICE])


MOST_NOTICES = 20
LONGEST_NOTICE = 500


async def connect(dsn: str, settings: Settings, path: Path, *, pooled: bool) -> Session:
    """Open a session.

    Raises:
        OSError, TimeoutError, or what the driver raises: see `faults`.
    """
    parameters = startup(settings, path)
    if path == "read":
        # Such a session is read-only by our own parameter; what the operator means is the server behind it.
        dsn = dsn.replace("target_session_attrs=read-write", "target_session_attrs=primary")
    sent = {name: parameters[name] for name in _POOLED} if pooled else parameters
    async with asyncio.timeout(MOST_SECONDS):
        # A server that nobody asks for data does not pay for it.
        driver = cast("Driver", await imported(DRIVER))
        connection = await driver.connect(dsn, server_settings=sent, statement_cache_size=0 if pooled else 256)
    return Session(connection, parameters, pooled=pooled)


def refuses_parameters(error: BaseException) -> bool:
    """Whether a pooler is in front that takes no parameters of the session."""
    return any(words in str(error) for words in _REFUSED_BY_POOLER)


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

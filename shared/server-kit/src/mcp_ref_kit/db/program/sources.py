"""Databases as the operator names them, and the settings that the servers of all engines have in common."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Protocol, TypeVar
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field

from mcp_protocol.errors import SettingsError
from mcp_protocol.schema.arg import arg
from mcp_ref_kit.db.calls.deadline import MOST_SECONDS
from mcp_ref_kit.db.calls.errors import DbError, Scrub, bad_argument
from mcp_ref_kit.db.program.canned import Canned
from mcp_ref_kit.db.rows.page import Bounds
from mcp_ref_kit.logs.redaction import redact
from mcp_ref_kit.options import Mode
from mcp_ref_kit.settings import Seconds, Secret, setting

T = TypeVar("T")

KIB = 1024
MIB = 1024 * KIB
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_NAME_CHARACTERS = _LETTERS | frozenset("0123456789_")
_LONGEST_NAME = 32
_STEPS: tuple[Mode, ...] = ("read-only", "read-write", "admin")


class OwnLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits that one database has for itself; they count where they are below the server's."""

    max_rows: Annotated[int, arg("Rows of one page.", ge=1, le=10_000)] = 10_000
    max_cell_chars: Annotated[int, arg("Characters of one cell.", ge=16, le=256 * KIB)] = 256 * KIB
    timeout: Annotated[float, arg("Seconds of one call.", ge=0.1, le=MOST_SECONDS)] = MOST_SECONDS


class DatabaseTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[databases.NAME]` of the config file."""

    dsn: Secret
    description: str = ""
    mode: Mode | None = None
    limits: OwnLimits = OwnLimits()


class DatabaseSettings(Struct, frozen=True, kw_only=True):
    """What the operator decides about any database server; a server's own class begins with it."""

    mode: Annotated[Mode, arg("How much the tools may change.")] = "read-only"
    max_rows: Annotated[int, arg("Rows of one page, unless a call says `limit`.", ge=1, le=10_000)] = 200
    max_output_chars: Annotated[int, arg("Size of one result.", ge=8 * KIB, le=4 * MIB)] = 256 * KIB
    max_cell_chars: Annotated[int, arg("Characters of one cell.", ge=16, le=256 * KIB)] = 4 * KIB
    timeout: Annotated[Seconds, arg("Time of one call, unless it says `timeout_s`.", ge=0.1, le=MOST_SECONDS)] = 30.0
    max_in_flight: Annotated[int, arg("Statements that run at once.", ge=1, le=1000)] = 8
    fence: Annotated[bool, arg("Set data apart from the rest of a text by a line nobody can guess.")] = False
    no_confirm: Annotated[bool, arg("Do not ask before something is destroyed.")] = False
    audit_log: Annotated[
        Path | None, arg("File that gets one JSON line for each call; `-` is stderr."), setting(metavar="FILE")
    ] = None
    tables: Annotated[dict[str, DatabaseTable], setting(table="databases")] = field(
        default_factory=dict[str, DatabaseTable]
    )
    queries: Annotated[list[Canned], setting(table="query")] = field(default_factory=list[Canned])
    config: Annotated[Path | None, arg("TOML file with settings, databases and queries.")] = None
    state_key: Annotated[
        Secret | None, arg("File with the key for cursors; the same for all replicas.", min_length=32)
    ] = None


class SqlSettings(DatabaseSettings, frozen=True, kw_only=True):
    """The same about a server whose callers write statements."""

    held_cursors: Annotated[int, arg("Cursors that stay open between two pages; 0 for none.", ge=0, le=100)] = 4
    export_dir: Annotated[
        Path | None, arg("The only directory that exports are written to."), setting(metavar="DIR")
    ] = None
    audit_sql: Annotated[
        Literal["full", "digest"], arg("What the audit says of a statement: its text, or its digest alone.")
    ] = "digest"


class Database(Struct, frozen=True, kw_only=True):
    """One database: its name for callers, and where it is."""

    name: str
    dsn: Secret
    description: str = ""
    mode: Mode = "read-only"
    limits: OwnLimits = OwnLimits()

    @property
    def shown(self) -> str:
        """Where it is, for the operator's eyes: without a password."""
        return redact(self.dsn.reveal())

    @property
    def scrub(self) -> Scrub:
        """Takes the connection string and its password out of an engine's words."""
        return Scrub([self.dsn, *passwords(self.dsn)])


def bounds(settings: DatabaseSettings, database: Database, limit: int | None, cell: int | None = None) -> Bounds:
    """What one page may hold: as the call asks, the operator's defaults otherwise, never over the database's own."""
    own = database.limits
    return Bounds(
        limit=min(settings.max_rows if limit is None else limit, own.max_rows),
        size=settings.max_output_chars,
        cell=min(settings.max_cell_chars if cell is None else cell, own.max_cell_chars),
    )


def seconds(settings: DatabaseSettings, database: Database, timeout: float | None) -> float:
    """How long one call may take, in the same way."""
    return min(settings.timeout if timeout is None else timeout, database.limits.timeout)


def databases(
    given: Sequence[Secret], tables: Mapping[str, DatabaseTable], mode: Mode, *, usual: str = "main"
) -> list[Database]:
    """Every database, in the order of the command line, then of the config file. `usual` names the only one.

    Raises:
        SettingsError: a name that is none, or is taken; a mode above the server's.
    """
    found: dict[str, Database] = {}
    for secret in given:
        name, dsn = _named(secret, usual)
        _put(found, Database(name=name, dsn=dsn, mode=mode))
    for name, table in tables.items():
        _require_name(name)
        own = _lowered(name, table.mode, mode)
        _put(found, Database(name=name, dsn=table.dsn, description=table.description, mode=own, limits=table.limits))
    return list(found.values())


def chosen(known: Mapping[str, T], name: str | None) -> T:
    """The database that a call names; the only one needs no name.

    Raises:
        DbError: `invalid_argument`; there is none of that name, or the call has to say which.
    """
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name is not None and name in known:
        return known[name]
    how = "must be given" if name is None else "names no database"
    raise bad_argument("database", how, f"There are {', '.join(known)}." if known else None)


class Moded(Protocol):
    """What has a name, and a mode of its own."""

    @property
    def name(self) -> str:
        """For callers."""
        ...

    @property
    def mode(self) -> Mode:
        """How much may be changed in it."""
        ...


def require_mode(database: Moded, needs: Mode) -> None:
    """Go on only where the database's own mode allows it: tools are offered by the server's, which may be a higher one.

    Raises:
        DbError: `read_only`.
    """
    if _STEPS.index(database.mode) < _STEPS.index(needs):
        raise DbError(
            f"The database `{database.name}` is {database.mode} here.",
            code="read_only",
            hint=f"The operator would have to give it the mode {needs}.",
        )


def passwords(dsn: Secret) -> list[Secret]:
    """The passwords in a URL, decoded; none in what is no URL."""
    text = dsn.reveal()
    try:
        parts = urlsplit(text)
        password = parts.password
    except ValueError:
        return []
    found = [] if password is None else [password, unquote(password)]
    found += [unquote(value) for key, _, value in map(_pair, parts.query.split("&")) if "pass" in key.lower()]
    return [Secret(each) for each in dict.fromkeys(found) if each]


def is_template(text: str) -> bool:
    """Whether a variable holds the name of another one that a host did not fill in: `${REDIS_URL}`."""
    return text.startswith("${") and text.endswith("}")


def _pair(text: str) -> tuple[str, str, str]:
    return text.partition("=")


def _named(secret: Secret, usual: str) -> tuple[str, Secret]:
    text = secret.reveal()
    name, sign, dsn = text.partition("=")
    if not sign or not _is_name(name):
        return usual, secret
    return name, Secret(dsn)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and name[0] in _LETTERS and set(name) <= _NAME_CHARACTERS


def _require_name(name: str) -> None:
    if not _is_name(name):
        raise SettingsError(
            f"The database name {name[:_LONGEST_NAME]!a} must be a letter and up to 31 of a-z, 0-9 and _."
        )


def _put(found: dict[str, Database], database: Database) -> None:
    if database.name in found:
        raise SettingsError(f"Two databases are called `{database.name}`; give each a name of its own, as NAME=...")
    if not database.dsn.reveal():
        raise SettingsError(f"The database `{database.name}` is empty.")
    found[database.name] = database


def _lowered(name: str, own: Mode | None, mode: Mode) -> Mode:
    if own is None:
        return mode
    if _STEPS.index(own) > _STEPS.index(mode):
        raise SettingsError(f'The database `{name}` has `mode = "{own}"`, which is more than `--mode {mode}` allows.')
    return own

"""What the operator of the PostgreSQL server decides: databases, rights of sessions, bounds."""

from typing import Annotated

from msgspec import field

from mcp_protocol.schema.arg import arg
from mcp_ref_kit.db.program.canned import Canned
from mcp_ref_kit.db.program.sources import DatabaseTable, SqlSettings
from mcp_ref_kit.settings import Seconds, Secret, setting

_LIST = setting(separator=",", metavar="NAME,...")
_GLOBS = setting(separator=",", metavar="GLOB,...")


class Settings(SqlSettings, frozen=True, kw_only=True):
    """Each field is a flag, an environment variable and a config key."""

    databases: Annotated[
        list[Secret],
        arg("Databases as postgresql://USER@HOST/NAME; NAME=DSN where there are several."),
        # No URL has a blank in it; the variable would be split at colons otherwise.
        setting(positional=True, metavar="[NAME=]DSN", inline=True, env=("DATABASE_URL",), separator=" "),
    ] = field(default_factory=list)
    tables: Annotated[dict[str, DatabaseTable], setting(table="databases")] = field(default_factory=dict)
    queries: Annotated[list[Canned], setting(table="query")] = field(default_factory=list)
    schemas: Annotated[list[str], arg("Schemas that catalogue tools and resources show."), _LIST] = field(
        default_factory=list
    )
    search_path: Annotated[str | None, arg("search_path of callers' statements."), setting(metavar="NAME,...")] = None
    role: Annotated[str | None, arg("SET ROLE of every session.", min_length=1), setting(metavar="NAME")] = None
    pool: Annotated[int, arg("Connections per database.", ge=1, le=50)] = 5
    lock_timeout: Annotated[Seconds, arg("Longest wait for a lock.", ge=0.1, le=300)] = 5.0
    # A held portal keeps one of the connections and its snapshot.
    held_cursors: Annotated[int, arg("Portals that stay open between two pages; 0 for none.", ge=0, le=50)] = 2
    allow_superuser: Annotated[bool, arg("Run callers' statements although the role is a superuser.")] = False
    allow_functions: Annotated[list[str], arg("Functions that pass the function gate."), _GLOBS] = field(
        default_factory=list
    )
    deny_functions: Annotated[list[str], arg("Functions that do not pass it; denial wins."), _GLOBS] = field(
        default_factory=list
    )
    application_name: Annotated[str, arg("What the engine calls the sessions.", max_length=63)] = "mcp-ref-postgres"
    notify_channel: Annotated[
        str | None, arg("Channel whose notices become resource updates.", min_length=1, max_length=63)
    ] = None
    migrations_schema: Annotated[
        str | None, arg("Schema of the history of migrations, which are refused without it.", min_length=1)
    ] = None

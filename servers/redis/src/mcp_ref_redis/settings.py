"""What the operator of the server decides: databases, how to reach them, what callers may do, bounds."""

from pathlib import Path
from typing import Annotated

from msgspec import field

from mcp_protocol import arg
from mcp_ref_kit import ByteSize, Mode, Seconds, Secret, setting
from mcp_ref_kit.db.calls.deadline import MOST_SECONDS
from mcp_ref_kit.db.program.sources import MIB, DatabaseSettings


class Settings(DatabaseSettings, frozen=True, kw_only=True):
    """Each field is a flag, an environment variable and a config key."""

    databases: Annotated[
        list[Secret],
        arg("URL of a database, redis://, rediss:// or unix://; NAME=URL where there are several."),
        # No URL has a blank in it; the variable would be split at colons otherwise.
        setting(positional=True, metavar="[NAME=]URL", inline=True, env=("REDIS_URL",), separator=" "),
    ] = field(default_factory=list[Secret])
    mode: Annotated[Mode, arg("How much the tools may change; admin also sees configuration and runs scripts.")] = (
        "read-only"
    )
    timeout: Annotated[Seconds, arg("Time of one call.", ge=0.1, le=MOST_SECONDS)] = 10.0
    # Calls that wait for others have places of their own; what the engine has to do at once is bounded by the pool.
    max_in_flight: Annotated[int, arg("Calls that run at once.", ge=1, le=1000)] = 32
    cluster: Annotated[bool, arg("The database is a cluster.")] = False
    sentinel: Annotated[
        str | None, arg("Ask these Sentinels for the primary of this name."), setting(metavar="NAME@HOST:PORT,...")
    ] = None
    sentinel_user: Annotated[str | None, arg("User at the Sentinels; the database's is another.", min_length=1)] = None
    sentinel_password: Annotated[Secret | None, arg("File with the password at the Sentinels.")] = None
    tls_ca: Annotated[Path | None, arg("Certificates that the database's must be signed by.")] = None
    tls_cert: Annotated[Path | None, arg("Certificate that is shown to the database.")] = None
    tls_key: Annotated[Path | None, arg("Key of that certificate.")] = None
    key_prefix: Annotated[str | None, arg("No key outside this prefix is read, written or shown.", min_length=1)] = None
    pool: Annotated[int, arg("Connections to a database; twelve more for what waits or listens.", ge=1, le=100)] = 10
    max_value_bytes: Annotated[ByteSize, arg("Largest value in an argument.", ge=1, le=64 * MIB)] = MIB
    max_reply_bytes: Annotated[ByteSize, arg("Largest reply taken from the database.", ge=MIB, le=512 * MIB)] = 8 * MIB
    allow_commands: Annotated[
        list[str], arg("Commands that the raw tools may run beside those of the mode."), setting(separator=",")
    ] = field(default_factory=list[str])
    deny_commands: Annotated[
        list[str], arg("Commands that they may not run."), setting(separator=",", metavar="NAME,...")
    ] = field(default_factory=list[str])
    deny_categories: Annotated[
        list[str], arg("ACL categories whose commands they may not run."), setting(separator=",", metavar="NAME,...")
    ] = field(default_factory=list[str])
    client_name: Annotated[str, arg("What the connections call themselves.", min_length=1, max_length=64)] = (
        "mcp-ref-redis"
    )

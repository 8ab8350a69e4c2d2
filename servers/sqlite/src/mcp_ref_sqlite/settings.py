"""What the operator of the SQLite server decides: files, what may happen in them, bounds."""

from pathlib import Path
from typing import Annotated

from msgspec import field

from mcp_protocol.schema.arg import arg
from mcp_ref_kit.db.program.sources import SqlSettings
from mcp_ref_kit.settings import Seconds, setting


class Settings(SqlSettings, frozen=True, kw_only=True):
    """Each field is a flag, an environment variable and a config key."""

    databases: Annotated[
        list[str],
        arg("SQLite files; NAME=PATH where there are several."),
        setting(positional=True, metavar="[NAME=]PATH"),
    ] = field(default_factory=list[str])
    db_path: Annotated[
        str | None,
        arg("One SQLite file, as the archived server spells it."),
        setting(metavar="PATH", env=("SQLITE_PATH",)),
    ] = None
    toolsets: Annotated[
        list[str],
        arg("Toolsets to offer, or `all`; `default` stands for the usual ones."),
        setting(separator=",", metavar="NAME,..."),
    ] = field(default_factory=list[str])
    create: Annotated[bool, arg("Make a file that is missing, when it is first written.")] = False
    busy_timeout: Annotated[Seconds, arg("Longest wait for another program's lock.", ge=0, le=300)] = 5.0
    readers: Annotated[int, arg("Reader connections (threads) of a database.", ge=1, le=64)] = 4
    cache_mb: Annotated[int, arg("Page cache of a connection.", ge=1, le=4096)] = 16
    # A mapped file that another program cuts short ends the process (SIGBUS).
    mmap_mb: Annotated[
        int, arg("Memory map of a connection; only for files that nobody shortens.", ge=0, le=65_536)
    ] = 0
    heap_limit_mb: Annotated[int, arg("Memory that SQLite may use in all.", ge=16, le=65_536)] = 512
    immutable: Annotated[bool, arg("The files never change, so no locks are taken; you promise it.")] = False
    extension: Annotated[
        list[Path], arg("SQLite extensions to load at the start, in admin mode."), setting(metavar="FILE")
    ] = field(default_factory=list[Path])
    metadata: Annotated[Path | None, arg("Descriptions of tables and columns, and hidden tables, as JSON.")] = None
    backup_dir: Annotated[
        Path | None, arg("The only directory that backups are written to."), setting(metavar="DIR")
    ] = None

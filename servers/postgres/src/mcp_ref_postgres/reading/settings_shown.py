"""A lone SHOW: the gate takes no SHOW, and the same value is a row of pg_settings."""

import time

from mcp_protocol.server.output import Output
from mcp_ref_kit.db.calls.deadline import Deadline
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.rows.envelope import Column, Envelope, Format
from mcp_ref_kit.db.rows.page import Bounds, Page
from mcp_ref_postgres.engine.database import Engine
from mcp_ref_postgres.engine.faults import mapped
from mcp_ref_postgres.gate.verdicts import statement_of

_LONGEST = 300
_SPELLED = {
    "TIME ZONE": "timezone",
    "TRANSACTION ISOLATION LEVEL": "transaction_isolation",
    "SESSION AUTHORIZATION": "session_authorization",
}
_ALL = "SELECT name, setting, short_desc FROM pg_catalog.pg_settings WHERE name <> ALL ($1::text[]) ORDER BY name"
_ONE = """
    SELECT current_setting(name) FROM pg_catalog.pg_settings
    WHERE lower(name) = lower($1) AND name <> ALL ($2::text[])
"""
# Settings that hold paths of the engine's machine or strings with passwords.
HIDDEN = [
    "data_directory", "config_file", "hba_file", "ident_file", "external_pid_file", "log_directory", "log_filename",
    "primary_conninfo", "archive_command", "restore_command", "archive_cleanup_command", "recovery_end_command",
    "ssl_key_file", "ssl_cert_file", "ssl_ca_file", "ssl_crl_file", "ssl_crl_dir", "ssl_dh_params_file",
    "ssl_passphrase_command", "krb_server_keyfile", "unix_socket_directories", "dynamic_library_path",
    "local_preload_libraries", "stats_temp_directory", "syslog_ident",
]  # fmt: skip


def asked_setting(sql: str) -> str | None:
    """The setting that a lone SHOW asks for; None for any other statement."""
    if len(sql) > _LONGEST or "show" not in sql.lower():
        return None
    statement = statement_of(sql)
    if statement.words[0] != "SHOW":
        return None
    rest = statement.text[len("SHOW") :].strip()
    return _SPELLED.get(" ".join(rest.upper().split()), rest.strip('"'))


async def shown_setting(
    engine: Engine, name: str, bounds: Bounds, form: Format, deadline: Deadline
) -> Output[Envelope]:
    """One page with the value of a setting, or with all of them.

    Raises:
        DbError: `not_found`.
    """
    began = time.monotonic()
    wants_all = name.lower() == "all"
    async with engine.reading(deadline.at) as session:
        with mapped(engine.scrub):
            if wants_all:
                rows = [tuple(row) for row in await session.connection.fetch(_ALL, HIDDEN)]
            else:
                rows = [tuple(row) for row in await session.connection.fetch(_ONE, name, HIDDEN)]
    if not rows:
        raise DbError(f"There is no setting {name[:63]!r} to show.", code="not_found", engine_code="42704")
    columns = ["name", "setting", "description"] if wants_all else [name]
    page = Page([Column(column, "text") for column in columns], bounds, form=form)
    page.add(rows)
    return page.finish(elapsed_ms=(time.monotonic() - began) * 1000)

"""The databases as the operator named them: by URL, by variables, or the engine of this machine; nothing is opened."""

import logging
from collections.abc import Mapping

from msgspec.structs import replace

from mcp_protocol import SettingsError
from mcp_ref_kit import Mode, Secret
from mcp_ref_kit.db.program.sources import Database as Source
from mcp_ref_kit.db.program.sources import databases, is_template
from mcp_ref_redis.access.gate import Gate
from mcp_ref_redis.access.jail import Jail
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.address import Address, SentinelPlace, Tls, from_variables, parse, parse_sentinel, templates
from mcp_ref_redis.engine.cluster import Cluster
from mcp_ref_redis.engine.opening import Manner
from mcp_ref_redis.engine.single import Single
from mcp_ref_redis.engine.topology import Engine
from mcp_ref_redis.settings import Settings

_log = logging.getLogger(__name__)


def known(settings: Settings, environment: Mapping[str, str]) -> dict[str, Database]:
    """Every database by its name, ready to be used.

    Raises:
        SettingsError: a URL cannot be read, or a name is given twice.
    """
    jail = Jail((settings.key_prefix or "").encode())
    return {
        source.name: Database(source, _engine(settings, address), jail, _gate(settings, source.mode), number=address.db)
        for source, address in sources(settings, environment)
    }


def sources(settings: Settings, environment: Mapping[str, str]) -> list[tuple[Source, Address]]:
    """The databases: what was named, else what variables say, else the engine of this machine.

    Raises:
        SettingsError: a URL cannot be read, or a name is given twice.
    """
    for name in templates(environment):
        _log.warning("%s is a placeholder that was not filled in; it is ignored", name)
    given = [secret for secret in settings.databases if not is_template(secret.reveal())]
    if not given and not settings.tables:
        address = _with_tls(from_variables(environment) or Address(), settings)
        name = str(address.db)
        return [(Source(name=name, dsn=Secret(name), mode=settings.mode), address)]
    # One database without a name is called by its number.
    usual = _number(given[0].reveal()) if len(given) == 1 and not settings.tables else "main"
    named = databases(given, settings.tables, settings.mode, usual=usual)
    return [(source, _with_tls(parse(source.dsn.reveal()), settings)) for source in named]


def _number(text: str) -> str:
    """The number of a database without a name; what has one is not called so."""
    return "main" if text.partition("=")[0].isidentifier() else str(parse(text).db)


def _with_tls(address: Address, settings: Settings) -> Address:
    files = (settings.tls_ca, settings.tls_cert, settings.tls_key)
    if not any(files):
        return address
    if address.path is not None:
        raise SettingsError("TLS files are of no use with a Unix socket.")
    given = address.tls or Tls()
    ca, certificate, key = (None if path is None else str(path) for path in files)
    tls = replace(given, ca=ca or given.ca, certificate=certificate or given.certificate, key=key or given.key)
    return replace(address, tls=tls)


def _gate(settings: Settings, mode: Mode) -> Gate:
    return Gate(
        mode,
        allow=settings.allow_commands,
        deny=settings.deny_commands,
        deny_categories=settings.deny_categories,
    )


def _engine(settings: Settings, address: Address) -> Engine:
    manner = Manner(client_name=settings.client_name, most_reply_bytes=settings.max_reply_bytes)
    if settings.cluster:
        if address.path is not None or address.db or settings.sentinel:
            raise SettingsError("A cluster has hosts and one database: no Unix socket, no /db, no --sentinel.")
        return Cluster(address, manner, settings.pool)
    return Single(address, manner, settings.pool, _sentinel(settings))


def _sentinel(settings: Settings) -> SentinelPlace | None:
    if settings.sentinel is None:
        return None
    place = parse_sentinel(settings.sentinel)
    return replace(place, username=settings.sentinel_user, password=settings.sentinel_password)

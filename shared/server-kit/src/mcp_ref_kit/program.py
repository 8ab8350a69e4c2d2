"""One start of a server: what the operator decided, read from every source and checked, with nothing opened yet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct
from msgspec.structs import asdict, replace

from mcp_protocol.errors import SettingsError
from mcp_protocol.limits import Limits
from mcp_protocol.server.app import Options, Server
from mcp_protocol.server.dispatch import Middleware
from mcp_protocol.server.task_store import Directory
from mcp_ref_kit.authentication import access, check_authentication, guard, is_guarded, resource
from mcp_ref_kit.cursors import key_bytes
from mcp_ref_kit.findings import Check
from mcp_ref_kit.middleware import layers
from mcp_ref_kit.options import CommonSettings
from mcp_ref_kit.selection import Choice, select
from mcp_ref_kit.settings import Field, Loaded, Secret, fields_of, load, merge
from mcp_ref_kit.settings.load import CONFIG

if TYPE_CHECKING:
    from mcp_protocol.auth import Guard, Resource

_HTTP_ONLY = (
    "host",
    "port",
    "auth_token",
    "auth_issuer",
    "auth_audience",
    "auth_jwks_url",
    "auth_introspection_url",
    "auth_client_id",
    "auth_client_secret",
    "allow_unauthenticated",
    "http_allowed_hosts",
    "http_allowed_origins",
    "public_url",
    "legacy_sse",
)
ENDPOINT = "/mcp"
_SLASHES_OF_AN_ORIGIN = 2
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class Making(Struct, frozen=True, kw_only=True):
    """What a server's author says of it as a program, beside the server itself."""

    check: Check | None = None
    """What works, for `--check` and `GET /ready`."""
    without: frozenset[str] = frozenset()
    """Common settings that it does not have; one of its own may have the same name and mean something else."""
    tailor: Callable[[Server[Any, Any], Any], Server[Any, Any]] | None = None
    """Makes of the server and its settings the one that is run: tools from a config file, arguments that depend."""
    layers: Callable[[Any], Iterable[Middleware]] | None = None
    """From its settings, what runs around each call, inside of the common layers."""
    reloads: tuple[str, ...] = ()
    """Settings that are read again from the config file at SIGHUP; the tools that `tailor` makes of them follow."""
    sockets: bool = False
    """Whether its tools speak to an engine through sockets: it runs on the fast loop then."""


class Program(Struct, frozen=True, kw_only=True):
    """A server with everything that was decided about it."""

    making: Making
    written: Server[Any, Any]
    """As its author wrote it."""
    server: Server[Any, Any]
    """With the tools that were selected."""
    settings: Any
    """The server's own."""
    common: CommonSettings
    table: Mapping[str, Field]
    loaded: Loaded

    @property
    def limits(self) -> Limits:
        """The bounds of the core, as far as the operator decides them."""
        return replace(Limits(), tool_seconds=self.common.tool_timeout, running=self.common.max_in_flight)

    @property
    def options(self) -> Options:
        """How the core is to run it."""
        key = self.common.state_key
        described = self.resource
        return Options(
            limits=self.limits,
            middleware=self._layers,
            state_key=None if key is None else key_bytes(key),
            open_to_all=not is_guarded(self.common),
            task_store=None if self.common.tasks_dir is None else Directory(self.common.tasks_dir),
            access=None if described is None else access(described, self.server.name),
        )

    @property
    def _layers(self) -> tuple[Middleware, ...]:
        own = self.making.layers(self.settings) if self.making.layers else ()
        return layers(self.common, own, budget="max_output_chars" not in self.making.without)

    @property
    def public_endpoint(self) -> str | None:
        """The canonical URL of the endpoint, where the operator gave one."""
        return None if self.common.public_url is None else self.endpoint

    @property
    def resource(self) -> "Resource | None":
        """What it tells HTTP clients without a token; on stdio the one client needs none."""
        if self.common.transport != "http":
            return None
        return resource(self.common, self.server.name, self.public_endpoint)

    @property
    def guard(self) -> "Guard | None":
        """Who checks the tokens of HTTP clients."""
        return guard(self.common, self.resource, self.public_endpoint)

    @property
    def acts(self) -> bool:
        """Whether it is to do something else than serve."""
        return self.common.check or self.common.print_tools or self.common.print_config is not None

    @property
    def endpoint(self) -> str:
        """The URL under which clients reach it over HTTP."""
        public = self.common.public_url
        if public is not None:
            # A mere origin is meant, and the endpoint has its usual path there.
            return public if public.count("/") > _SLASHES_OF_AN_ORIGIN else f"{public}{ENDPOINT}"
        host = f"[{self.common.host}]" if ":" in self.common.host else self.common.host
        return f"http://{host}:{self.common.port}{ENDPOINT}"

    def again(self) -> Server[Any, Any]:
        """The server as the config file wants it now. Only what may be read again has changed.

        Raises:
            SettingsError: in one sentence; what was offered before goes on.
        """
        fresh = load(self.table, {CONFIG: [str(self.common.config)]}, {}).values
        settings = replace(self.settings, **{name: fresh[name] for name in self.making.reloads})
        return _offered(self.written, settings, self.common, self.making)

    @property
    def reloads(self) -> bool:
        """Whether a part of the config file is read again at SIGHUP."""
        return bool(self.making.reloads) and self.common.config is not None

    @property
    def secrets(self) -> list[Secret]:
        """Every secret that was given."""
        return [secret for value in self.loaded.values.values() for secret in _secrets_in(value)]


def table_of(server: Server[Any, Any], without: Iterable[str]) -> dict[str, Field]:
    """The settings of a server and those that every server has, but for the common ones it does without.

    Raises:
        TypeError: the settings class cannot work.
    """
    common = {name: field for name, field in fields_of(CommonSettings).items() if name not in set(without)}
    return merge(common, fields_of(server.settings_type))


def without_use(server: Server[Any, Any]) -> frozenset[str]:
    """Common settings that say nothing to this server: where tasks are kept, where no tool becomes one."""
    return frozenset() if any(tool.task != "none" for tool in server.tools) else frozenset({"tasks_dir"})


def read(
    server: Server[Any, Any],
    table: Mapping[str, Field],
    flags: Mapping[str, list[str]],
    environment: Mapping[str, str],
    making: Making,
) -> Program:
    """Everything that was decided, or the first thing that is wrong.

    Raises:
        SettingsError: in one sentence.
    """
    loaded = load(table, flags, environment)
    common = loaded.into(CommonSettings, making.without)
    _check_transport(common, flags, table)
    settings = loaded.into(server.settings_type)
    program = Program(
        making=making,
        written=server,
        server=_offered(server, settings, common, making),
        settings=settings,
        common=common,
        table=table,
        loaded=loaded,
    )
    _ = program.resource  # says at once what is wrong with its URLs
    return program


def _offered(server: Server[Any, Any], settings: Any, common: CommonSettings, making: Making) -> Server[Any, Any]:
    """The server that is run: tailored, then with the tools that the operator chose."""
    tailored = server if making.tailor is None else making.tailor(server, settings)
    toolsets = {toolset.name: toolset.default for toolset in tailored.toolsets}
    # A server without modes says by its toolsets what may be changed.
    mode = "admin" if "mode" in making.without else common.mode
    choice = Choice(mode=mode, toolsets=common.toolsets, tools=common.tools, exclude=common.exclude_tools)
    offered = select(tailored.tools, toolsets, choice)
    return tailored.only(lambda entry: entry.name in offered)


def is_this_machine(host: str) -> bool:
    """Whether an address can only be reached from this machine; a name that is not known is not believed."""
    return host in _THIS_MACHINE or (host.startswith("127.") and host.replace(".", "").isdecimal())


def _check_transport(common: CommonSettings, flags: Mapping[str, Sequence[str]], table: Mapping[str, Field]) -> None:
    """Refuse what belongs to the other transport."""
    if common.transport == "http":
        _check_http(common)
        return
    for name in _HTTP_ONLY:
        if name in flags:
            raise SettingsError(f"`{table[name].flag}` needs `--transport http`.")


def _check_http(common: CommonSettings) -> None:
    """Refuse names that nothing can match, and a port open to everybody by oversight."""
    from mcp_ref_kit.web_names import check_hosts, check_origins, public_parts  # noqa: PLC0415  nothing of HTTP on stdio

    check_hosts(common.http_allowed_hosts)
    check_origins(common.http_allowed_origins)
    if common.public_url is not None:
        public_parts(common.public_url)
    check_authentication(common)
    if not is_guarded(common) and not common.allow_unauthenticated and not is_this_machine(common.host):
        raise SettingsError(
            f"Listening on {common.host} without authentication would let everyone who reaches this machine in; give"
            " `--auth-token-file` or `--auth-issuer`, or `--allow-unauthenticated` if something else checks who comes."
        )


def _secrets_in(value: Any) -> list[Secret]:
    if isinstance(value, Secret):
        return [value]
    if isinstance(value, Struct):
        value = list(asdict(value).values())
    if isinstance(value, dict):
        value = list(cast("dict[str, object]", value).values())
    if isinstance(value, list | tuple):
        return [secret for item in cast("list[object]", value) for secret in _secrets_in(item)]
    return []

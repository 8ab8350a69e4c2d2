"""The settings that every server has, in one table; a server that names one in its own gives it its own default."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Struct

from mcp_protocol.schema.arg import arg
from mcp_ref_kit.settings.markers import Seconds, setting
from mcp_ref_kit.settings.rate import Rate
from mcp_ref_kit.settings.secret import Secret

Mode = Literal["read-only", "read-write", "admin"]
Host = Literal["claude", "cursor", "vscode", "codex"]
Names = list[str]

_COMMAS = setting(separator=",", metavar="NAME,...")
_ACTION = setting(flag_only=True)


class CommonSettings(Struct, frozen=True, kw_only=True):
    """What the operator decides about any server."""

    transport: Annotated[Literal["stdio", "http"], arg("How clients reach it.")] = "stdio"
    host: Annotated[str, arg("Address that HTTP listens on.", min_length=1), setting(metavar="ADDRESS")] = "127.0.0.1"
    port: Annotated[int, arg("Port that HTTP listens on; 0 takes a free one.", ge=0, le=65535)] = 8000
    mode: Annotated[Mode, arg("How much the tools may change.")] = "read-only"
    toolsets: Annotated[Names, arg("Toolsets to offer, or `all`; `default` stands for the usual ones."), _COMMAS] = []
    tools: Annotated[Names, arg("Tools to offer beside those of the toolsets."), _COMMAS] = []
    exclude_tools: Annotated[Names, arg("Tools to leave out, whatever else is said."), _COMMAS] = []
    tool_timeout: Annotated[Seconds, arg("Longest time for one tool call.", ge=0.1, le=300)] = 30.0
    max_in_flight: Annotated[int, arg("Calls that run at once.", ge=1, le=4096)] = 64
    # 4 MiB: with JSON escapes still well below the 16 MiB that a whole reply may have.
    max_output_chars: Annotated[int, arg("Characters of one result.", ge=1000, le=4194304)] = 100_000
    rate_limit: Annotated[Rate | None, arg("Calls per client, as 60/min or 1000/hour.")] = None
    # Shorter tokens can be guessed over a network.
    auth_token: Annotated[Secret | None, arg("File with the bearer token HTTP clients must send.", min_length=16)] = (
        None
    )
    auth_issuer: Annotated[
        str | None, arg("Authorization server whose tokens HTTP clients must send."), setting(metavar="URL")
    ] = None
    auth_audience: Annotated[
        str | None, arg("Whom those tokens are for, if it is not the public URL."), setting(metavar="URL")
    ] = None
    auth_jwks_url: Annotated[
        str | None, arg("Where its keys are; its metadata says so otherwise."), setting(metavar="URL")
    ] = None
    auth_introspection_url: Annotated[
        str | None, arg("Where to ask it about each token, if they are not signed."), setting(metavar="URL")
    ] = None
    auth_client_id: Annotated[str | None, arg("Who asks there.", min_length=1), setting(metavar="ID")] = None
    auth_client_secret: Annotated[Secret | None, arg("File with the secret of who asks.", min_length=1)] = None
    allow_unauthenticated: Annotated[bool, arg("Let HTTP listen beyond this machine without authentication.")] = False
    http_allowed_hosts: Annotated[
        Names, arg("Host headers that are served, as HOST:PORT."), setting(separator=",", metavar="HOST:PORT,...")
    ] = []
    http_allowed_origins: Annotated[
        Names, arg("Web origins that may call, as https://HOST."), setting(separator=",", metavar="URL,...")
    ] = []
    public_url: Annotated[
        str | None, arg("URL under which clients reach it through a proxy."), setting(metavar="URL")
    ] = None
    legacy_sse: Annotated[
        bool, arg("Offer the HTTP+SSE of 2024-11-05 as well, at /sse, to clients that have nothing newer.")
    ] = False
    state_key: Annotated[
        Secret | None,
        arg("File with the key for cursors; the same for all replicas. Random without it.", min_length=32),
    ] = None
    tasks_dir: Annotated[
        Path | None, arg("Directory for tasks that outlive the process; in memory without it."), setting(metavar="DIR")
    ] = None
    log_level: Annotated[Literal["debug", "info", "warning", "error"], arg("Least severe log lines to write.")] = "info"
    log_format: Annotated[
        Literal["auto", "text", "json"], arg("Form of log lines; auto is text on a terminal, else json.")
    ] = "auto"
    config: Annotated[Path | None, arg("TOML file with settings.")] = None
    check: Annotated[bool, arg("Start what the server needs, say what works, and end."), _ACTION] = False
    print_tools: Annotated[bool, arg("Print the tools, resources and prompts as JSON, and end."), _ACTION] = False
    print_config: Annotated[Host | None, arg("Print what to paste into a host's configuration, and end."), _ACTION] = (
        None
    )
    version: Annotated[bool, arg("Print the version, and end."), _ACTION] = False
    help: Annotated[bool, arg("Print this, and end."), setting(flag_only=True, short="-h")] = False

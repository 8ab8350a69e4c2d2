"""What the operator of the fetch server decides: whom it asks, as whom, how much and how long."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Struct

from mcp_protocol.schema.arg import arg
from mcp_ref_fetch.choices import AllowedPort, HeaderName, SecretHeader
from mcp_ref_kit.network import HostPattern, Network
from mcp_ref_kit.settings import ByteSize, Rate, Seconds, Secret, setting

KIB = 1024
MIB = 1024 * KIB


class Settings(Struct, frozen=True, kw_only=True):
    """Each field is a flag, an environment variable and a config key."""

    transport: Annotated[Literal["stdio", "http"], arg("How clients reach it.")] = "stdio"
    user_agent: Annotated[
        str | None, arg("What pages are told about who asks, for tools and the prompt alike.", min_length=1)
    ] = None
    ignore_robots_txt: Annotated[bool, arg("Fetch what robots.txt asks automatic readers not to.")] = False
    proxy_url: Annotated[
        Secret | None,
        arg("The proxy to go through: http, https or socks5. Those of the environment are not used."),
        setting(inline=True, metavar="URL"),
    ] = None
    allow_private_ips: Annotated[bool, arg("Allow private and loopback addresses, never cloud metadata.")] = False
    allow_cidr: Annotated[list[Network], arg("A network that may be reached."), setting(metavar="CIDR")] = []
    deny_cidr: Annotated[list[Network], arg("A network that may not."), setting(metavar="CIDR")] = []
    allow_host: Annotated[
        list[HostPattern],
        arg("The only hosts that may be asked: a name, or *.name for all below."),
        setting(metavar="HOST"),
    ] = []
    deny_host: Annotated[list[HostPattern], arg("Hosts that may not; wins."), setting(metavar="HOST")] = []
    allow_port: Annotated[
        list[AllowedPort],
        arg("Ports that may be asked, or `any`. Without it 80, 443, 8080 and 8443."),
        setting(separator=",", metavar="PORT,..."),
    ] = []

    timeout_connect: Annotated[Seconds, arg("Longest wait for a name and a connection, each.", ge=0.1, le=50)] = 5.0
    timeout_read: Annotated[Seconds, arg("Longest silence of a web server.", ge=0.1, le=150)] = 15.0
    timeout_total: Annotated[
        Seconds, arg("Longest time of one page: robots.txt, redirects, body and text.", ge=0.1, le=290)
    ] = 30.0
    max_bytes: Annotated[ByteSize, arg("Bytes of one answer as sent.", ge=KIB, le=50 * MIB)] = 5 * MIB
    max_decoded_bytes: Annotated[ByteSize, arg("Bytes of one answer unpacked.", ge=KIB, le=200 * MIB)] = 20 * MIB
    max_ratio: Annotated[int, arg("How far an answer may grow when it is unpacked.", ge=2, le=1000)] = 100
    max_redirects: Annotated[int, arg("Redirects that are followed.", ge=0, le=50)] = 5
    max_header_bytes: Annotated[ByteSize, arg("Bytes of the head of an answer.", ge=KIB, le=640 * KIB)] = 64 * KIB

    cache_mb: Annotated[int, arg("Megabytes of pages kept.", ge=1, le=10_240)] = 64
    cache_ttl: Annotated[Seconds, arg("How long a page is answered from there.", ge=0, le=86400)] = 300.0
    cache_dir: Annotated[Path | None, arg("Keep them on disk, across starts."), setting(metavar="DIR")] = None
    no_cache: Annotated[bool, arg("Ask anew every time; the parts of one page still agree.")] = False
    rate: Annotated[Rate, arg("Requests to one host.")] = Rate(2, 1)
    concurrency: Annotated[int, arg("Requests to one host at once.", ge=1, le=64)] = 4
    concurrency_total: Annotated[int, arg("Requests at once.", ge=1, le=256)] = 16

    fence: Annotated[bool, arg("Put what pages say between marks that they cannot know.")] = False
    download_dir: Annotated[Path | None, arg("Where download_file puts files."), setting(metavar="DIR")] = None
    secret_header: Annotated[
        list[SecretHeader],
        arg("A header for one host, https only, with the value of an environment variable: HOST=NAME:VARIABLE."),
        setting(metavar="HOST=NAME:VARIABLE"),
    ] = []
    header_allow: Annotated[
        list[HeaderName],
        arg("Headers that a call may set beside Accept and Accept-Language."),
        setting(separator=",", metavar="NAME,..."),
    ] = []
    ca: Annotated[Path | None, arg("File with the certificates to trust instead of the system's.")] = None
    rewrite: Annotated[bool, arg("Ask code hosts for the raw form of a file's page.")] = False

    state_key: Annotated[
        Secret | None,
        arg("File with the key for cursors; the same for all replicas. Random without it.", min_length=32),
    ] = None
    # The text, and once more inside the structured content, with its escapes.
    max_output_chars: Annotated[int, arg("Characters of one result.", ge=1000, le=4 * MIB)] = 1_200_000
    # Calls that wait for a slow host hold nothing but a place here.
    max_in_flight: Annotated[int, arg("Calls that run at once.", ge=1, le=4096)] = 512

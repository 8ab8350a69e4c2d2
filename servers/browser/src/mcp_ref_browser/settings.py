"""What the operator of the browser server decides: the browser, where it may go, what is kept, and bounds."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Struct

from mcp_protocol.schema.arg import arg
from mcp_ref_kit.network import Network
from mcp_ref_kit.settings import ByteSize, Seconds, Secret, setting

KIB = 1024
MIB = 1024 * KIB
# Longer waits than this are refused, whoever asks for them.
MOST_SECONDS = 120
CEILING_CHARS = 200_000

_ORIGINS = setting(separator=";", metavar="ORIGIN;...")
_COMMAS = setting(separator=",", metavar="NAME,...")

SnapshotMode = Literal["auto", "diff", "full", "none"]


class Settings(Struct, frozen=True, kw_only=True):
    """Each field is a flag, an environment variable and a config key."""

    transport: Literal["stdio", "http"] = "stdio"
    dirs: Annotated[
        list[str],
        arg("Directories that uploads come from and `filename` writes to; without them only the artifact store."),
        setting(positional=True, metavar="DIR"),
    ] = []
    roots: Annotated[
        Literal["off", "narrow", "require"] | None,
        arg("What the client's roots do: nothing, narrow the directories, or be needed. Else narrow; off on HTTP."),
    ] = None

    toolsets: Annotated[list[str], _COMMAS] = []
    caps: Annotated[list[str], arg("Toolsets beside `core`, as other browser servers spell it."), _COMMAS] = []
    slim: Annotated[bool, arg("Only navigate, snapshot, click, type and screenshot.")] = False
    no_evaluate: Annotated[bool, arg("Leave out the tool that runs a function in the page.")] = False

    executable_path: Annotated[
        Path | None, arg("The browser; looked for without it."), setting(env=("MCP_BROWSER_EXECUTABLE",))
    ] = None
    headed: Annotated[bool, arg("Show the browser's window.")] = False
    sandbox: Annotated[bool | None, arg("Chromium's own sandbox; else on, unless this is root.")] = None
    cdp_endpoint: Annotated[
        str | None, arg("A browser that runs already; its traffic passes no guard."), setting(metavar="URL")
    ] = None
    trust_cdp: Annotated[bool, arg("Use --cdp-endpoint although rules were given that cannot bind it.")] = False
    user_data_dir: Annotated[Path | None, arg("Profile to keep; stdio only."), setting(metavar="DIR")] = None

    allowed_origins: Annotated[list[str], arg("Where pages may connect to; when given, only there."), _ORIGINS] = []
    blocked_origins: Annotated[list[str], arg("Where they may not; wins."), _ORIGINS] = []
    allow_private_ips: Annotated[bool, arg("Let pages reach private and loopback addresses.")] = False
    allow_cidr: Annotated[list[Network], arg("A network that may be reached."), setting(metavar="NET")] = []
    proxy_server: Annotated[str | None, arg("Proxy behind ours, http only."), setting(metavar="URL")] = None
    ask_origins: Annotated[bool, arg("Ask the user about a public origin that is not listed.")] = False

    storage_state: Annotated[Path | None, arg("Cookies and storage that every session begins with.")] = None
    init_script: Annotated[Path | None, arg("Script that runs in every page before its own.")] = None
    device: Annotated[str | None, arg("Device to be like, such as `iPhone 15`.")] = None
    viewport_size: Annotated[str, arg("Size of a page.", min_length=3), setting(metavar="WxH")] = "1280x720"
    user_agent: Annotated[str | None, arg("What the browser calls itself.")] = None
    locale: Annotated[str | None, arg("Language, such as de-DE.")] = None
    timezone: Annotated[str | None, arg("Time zone, such as Europe/Berlin.")] = None
    grant_permissions: Annotated[list[str], arg("Permissions that pages have."), _COMMAS] = []
    ignore_https_errors: Annotated[bool, arg("Accept bad certificates.")] = False
    test_id_attribute: Annotated[str, arg("Attribute of generated test locators.")] = "data-testid"
    block_service_workers: Annotated[bool, arg("Let pages register no service worker.")] = False
    dialogs: Annotated[Literal["ask", "accept", "dismiss"], arg("What becomes of a dialog.")] = "ask"
    timeout_dialog: Annotated[Seconds, arg("A dialog that nobody answers is dismissed after this.", ge=0.1)] = 30.0

    downloads: Annotated[Literal["allow", "deny"], arg("Whether pages may download, into the artifact store.")] = (
        "allow"
    )
    download_max: Annotated[ByteSize, arg("Bytes of one download.", ge=1)] = 50 * MIB
    output_dir: Annotated[
        Path | None, arg("Where artifacts are kept; else a private directory that goes."), setting(metavar="DIR")
    ] = None
    output_max_size: Annotated[ByteSize, arg("Bytes of all artifacts; the oldest goes first.", ge=KIB)] = 500 * MIB

    secrets: Annotated[Path | None, arg("TOML file: [NAME] value, origins.")] = None
    allow_reveal: Annotated[bool, arg("Let storage values and traces show secrets when asked to.")] = False
    show_network_secrets: Annotated[bool, arg("Show cookies and authorization of requests.")] = False
    fence: Annotated[bool, arg("Put page text between random boundaries.")] = False
    image_responses: Annotated[Literal["allow", "omit"], arg("Whether screenshots are sent as images too.")] = "allow"

    max_sessions: Annotated[int, arg("Sessions at once.", ge=1, le=1000)] = 16
    max_tabs: Annotated[int, arg("Tabs of one session.", ge=1, le=100)] = 10
    session_ttl: Annotated[Seconds, arg("A session that is not used ends after this.", ge=0.2)] = 1800.0
    idle_timeout: Annotated[Seconds, arg("The browser ends when there is no session for so long.", ge=0.2)] = 3600.0
    timeout_action: Annotated[Seconds, arg("Longest wait for an action.", ge=0.1, le=MOST_SECONDS)] = 5.0
    timeout_navigation: Annotated[Seconds, arg("Longest wait for a page.", ge=0.1, le=MOST_SECONDS)] = 30.0
    timeout_evaluate: Annotated[Seconds, arg("Longest run of a function.", ge=0.1, le=MOST_SECONDS)] = 10.0
    timeout_settle: Annotated[Seconds, arg("Longest wait for what an action began.", ge=0, le=MOST_SECONDS)] = 1.5
    max_output_chars: Annotated[int, arg("Characters of page text in one result.", ge=1000, le=CEILING_CHARS)] = 20_000
    snapshot: Annotated[SnapshotMode, arg("What acting tools show of the page.")] = "auto"

    state_key: Annotated[Secret | None, arg("File with the key for cursors. Random without it.", min_length=32)] = None

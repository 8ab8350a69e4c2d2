"""What the operator of the filesystem server decides: directories, what may happen in them, and bounds."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Struct

from mcp_protocol.schema.arg import arg
from mcp_ref_kit.settings import ByteSize, Seconds, Secret, setting

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

Mode = Literal["read-only", "read-write", "admin"]


class Settings(Struct, frozen=True, kw_only=True):
    """Each field is a flag, an environment variable and a config key."""

    dirs: Annotated[
        list[str],
        arg("Allowed directories; `:ro` at the end of one makes it read-only."),
        setting(positional=True, metavar="DIR[:ro]"),
    ] = []
    mode: Annotated[Mode, arg("How much the tools may change; admin can also delete for good.")] = "read-write"
    roots: Annotated[
        Literal["off", "narrow", "require"] | None,
        arg("What the client's roots do: nothing, narrow the directories, or be needed. Else narrow; off on HTTP."),
    ] = None

    deny: Annotated[list[str], arg("Paths that are neither read nor written, as a glob."), setting(metavar="GLOB")] = []
    deny_write: Annotated[list[str], arg("Paths that are never written, as a glob."), setting(metavar="GLOB")] = []
    no_default_deny: Annotated[bool, arg("Lift the built-in write protection of .git.")] = False
    protect_secrets: Annotated[bool, arg("Deny .ssh, .env, *.pem and .netrc.")] = False
    symlinks: Annotated[
        Literal["inside", "never"], arg("Follow links whose target is in the same directory, or none.")
    ] = "inside"
    hardlinks: Annotated[Literal["allow", "deny"], arg("Whether files with several names are read and written.")] = (
        "allow"
    )
    one_filesystem: Annotated[bool, arg("Never cross a mount point.")] = False

    history: Annotated[Literal["on", "off"], arg("Keep what changes replace, so that they can be undone.")] = "on"
    history_dir: Annotated[
        Path | None, arg("Where that is kept; outside every allowed directory."), setting(metavar="DIR")
    ] = None
    history_max_mb: Annotated[int, arg("Megabytes of it; the oldest goes first.", ge=1, le=102400)] = 200
    history_days: Annotated[int, arg("Days that a change can be undone.", ge=1, le=3650)] = 30
    trash: Annotated[Literal["state", "desktop", "off"], arg("Where deleted things go.")] = "state"
    fsync: Annotated[Literal["file", "full", "off"], arg("What is flushed after a write; full: the directory too.")] = (
        "file"
    )

    state_key: Annotated[
        Secret | None,
        arg("File with the key for cursors; the same for all replicas. Random without it.", min_length=32),
    ] = None
    # A text of max_read_bytes as structured content, with what is said about it, and the escapes in it.
    max_output_chars: Annotated[int, arg("Characters of one result.", ge=1000, le=4 * MIB)] = 400_000
    max_read_bytes: Annotated[ByteSize, arg("Bytes of one text read.", ge=KIB, le=4 * MIB)] = 256 * KIB
    # As base64 a third more: the whole reply stays under 8 MiB.
    max_media_bytes: Annotated[ByteSize, arg("Bytes of one image, sound or other binary.", ge=KIB, le=11 * MIB)] = (
        5 * MIB
    )
    max_write_bytes: Annotated[ByteSize, arg("Bytes of one written file.", ge=KIB, le=GIB)] = 4 * MIB
    max_results: Annotated[int, arg("Entries of one listing or search.", ge=1, le=100_000)] = 1000
    max_visited: Annotated[int, arg("Entries one search or tree looks at.", ge=1, le=10_000_000)] = 200_000
    max_depth: Annotated[int, arg("Levels one search or tree goes down.", ge=1, le=256)] = 64
    search_timeout: Annotated[
        Seconds, arg("Longest time of one search; it answers with what it has.", ge=1, le=300)
    ] = 10.0
    tool_timeout: Annotated[Seconds, arg("Longest time of one tool call.", ge=1, le=300)] = 30.0

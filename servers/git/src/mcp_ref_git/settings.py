"""What the operator of the git server decides: repositories, what may happen to them, remotes, and bounds."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Struct

from mcp_protocol.schema.arg import arg
from mcp_ref_kit.settings import ByteSize, Seconds, Secret, setting

MIB = 1024 * 1024

Mode = Literal["read-only", "read-write", "admin"]
Hooks = Literal["none", "commit", "all"]
Signing = Literal["auto", "off", "require"]

_COMMAS = setting(separator=",", metavar="NAME,...")


class Settings(Struct, frozen=True, kw_only=True):
    """Each field is a flag, an environment variable and a config key."""

    repository: Annotated[
        list[str], arg("An allowed repository, by its top level."), setting(short="-r", metavar="DIR")
    ] = []
    root: Annotated[list[str], arg("Allow every repository beneath this directory."), setting(metavar="DIR")] = []
    cwd: Annotated[bool, arg("Allow the repository of the working directory.")] = False
    roots: Annotated[
        Literal["off", "narrow", "require"] | None,
        arg("What the client's roots do: nothing, narrow the above, or be needed. Else narrow; off on HTTP."),
    ] = None
    mode: Annotated[Mode, arg("How much the tools may change; admin can also delete.")] = "read-write"
    toolsets: Annotated[
        list[str], arg("Toolsets to offer, or `all`; `default` stands for read and write."), _COMMAS
    ] = []

    allow_hooks: Annotated[
        Hooks, arg("Code of the repository that may run: none, hooks of git_commit, or all hooks and programs.")
    ] = "none"
    user_config: Annotated[
        Literal["on", "off"], arg("Whether your own git configuration counts, with its filters and signing.")
    ] = "on"
    allow_remote: Annotated[
        list[str], arg("A remote that may be reached by https or ssh."), setting(metavar="HOST[/PATH]")
    ] = []
    allow_force: Annotated[bool, arg("Let pushes be forced, with a lease, in admin mode.")] = False
    protected: Annotated[
        tuple[str, ...],
        arg("Branches that are never forced, deleted, renamed or reset."),
        setting(separator=",", metavar="GLOB,..."),
    ] = ("main", "master", "release/*")
    author: Annotated[
        str | None, arg("Author of commits, else the repository's."), setting(metavar="'NAME <EMAIL>'")
    ] = None
    sign: Annotated[Signing, arg("Sign commits: as configured, never, or always.")] = "auto"

    git: Annotated[Path | None, arg("The git program, else the one on PATH."), setting(metavar="PATH")] = None
    timeout: Annotated[Seconds, arg("Longest time of one git command.", ge=1, le=300)] = 30.0
    remote_timeout: Annotated[Seconds, arg("Longest time of one that talks to a remote.", ge=1, le=300)] = 120.0
    max_diff_chars: Annotated[int, arg("Characters of diff in one page.", ge=1000, le=2 * MIB)] = 100_000
    max_blob_bytes: Annotated[ByteSize, arg("Bytes of one file that is shown.", ge=1024, le=11 * MIB)] = 5 * MIB
    state_key: Annotated[
        Secret | None,
        arg("File with the key for cursors; the same for all replicas. Random without it.", min_length=32),
    ] = None
    # A log of 5,000 commits is 2 MB as data; what is long for a model is bounded by each tool.
    max_output_chars: Annotated[int, arg("Characters of one result.", ge=1000, le=4 * MIB)] = 4 * MIB

    @property
    def destroys(self) -> bool:
        """Whether what cannot be had back easily may be done: the destructive toolset, in admin mode."""
        return self.mode == "admin" and not {"destructive", "all"}.isdisjoint(self.toolsets)

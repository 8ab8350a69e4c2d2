"""The environment that git runs in: no git settings of the server's own, no prompt, no pager, and the overrides."""

from collections.abc import Mapping, Sequence

from mcp_ref_git.program.hardening import Pair
from mcp_ref_kit.processes import passed_on

# What signing programs, git's credential helpers and ssh need to find the operator's agents.
_AGENTS = ("GNUPGHOME", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
# How the operator reaches the network.
_NETWORK = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
)

FIXED = {
    "LC_ALL": "C.UTF-8",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "SSH_ASKPASS": "/bin/false",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_EDITOR": ":",
    "GIT_SEQUENCE_EDITOR": ":",
    "GIT_PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_MERGE_AUTOEDIT": "no",
}
# A partial clone would fetch what it lacks, and run `remote.*.uploadpack` for it (measured): neither is possible.
OFFLINE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
# For commands that do not take GIT_LITERAL_PATHSPECS: each path is made literal by itself.
EACH_LITERAL = {**OFFLINE, "GIT_LITERAL_PATHSPECS": "0"}
ONLINE = {"GIT_ALLOW_PROTOCOL": "https:ssh", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
# The operator's own configuration does not count either.
WITHOUT_USER = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_CONFIG_GLOBAL": "/dev/null"}


def basis(inherited: Mapping[str, str], *, user_config: bool) -> dict[str, str]:
    """What every command has; no `GIT_*` variable of the server's own environment is among it."""
    return passed_on(inherited, (*_AGENTS, *_NETWORK)) | FIXED | ({} if user_config else WITHOUT_USER)


def overriding(pairs: Sequence[Pair]) -> dict[str, str]:
    """Configuration that counts more than any file."""
    told = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        told[f"GIT_CONFIG_KEY_{number}"] = key
        told[f"GIT_CONFIG_VALUE_{number}"] = value
    return told

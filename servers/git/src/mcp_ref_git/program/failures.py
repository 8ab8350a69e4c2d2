"""What went wrong, from git's own words: one table from sentences of stderr to the codes of this server. Pure.

git runs with LC_ALL=C.UTF-8, so its words are always these.
"""

import re

from msgspec import Struct

from mcp_protocol.errors import ToolError
from mcp_ref_git.program.redaction import redacted


class Sign(Struct, frozen=True):
    """A pattern in stderr, the code that it means, and what to do then."""

    pattern: re.Pattern[str]
    code: str
    hint: str | None = None
    retryable: bool = False


def _sign(pattern: re.Pattern[str], code: str, hint: str | None = None, *, retryable: bool = False) -> Sign:
    return Sign(pattern, code, hint, retryable)


_LOSS = "would_overwrite"

SIGNS: tuple[Sign, ...] = (
    _sign(re.compile(r"index\.lock': File exists|Unable to create '.*\.lock'"), "busy", retryable=True),
    _sign(re.compile(r"would be overwritten by|not uptodate\. Cannot|Entry '.*' (?:not uptodate|would be)"), _LOSS),
    _sign(re.compile(r"detected dubious ownership"), "unsafe_repository"),
    _sign(
        re.compile(
            r"could not read (?:Username|Password)|Authentication failed|terminal prompts disabled|Permission denied \("
        ),
        "auth_required",
        "The operator's credential helper or SSH agent must know this remote.",
    ),
    _sign(re.compile(r"transport '.*' not allowed|protocol '.*' is not supported"), "remote_denied"),
    _sign(re.compile(r"already exists"), "already_exists"),
    _sign(
        re.compile(
            r"unmerged|unresolved conflict|fix conflicts|needs merge|you need to resolve|CONFLICT|could not apply"
            r"|partial commit during|cannot switch branch while"
        ),
        "conflict",
        "Resolve the conflicts and add the files, or abort the operation.",
    ),
    _sign(
        re.compile(r"Please tell me who you are|empty ident name|unable to auto-detect email"),
        "git_failed",
        "Set user.name and user.email, or start the server with --author.",
    ),
    _sign(
        re.compile(r"gpg failed|failed to sign|cannot run gpg|Load key|signing key"),
        "git_failed",
        "Signing failed; nothing was committed.",
    ),
    _sign(re.compile(r"did not match any file|pathspec .* did not match"), "not_found"),
    _sign(re.compile(r"is beyond a symbolic link|is in submodule"), "invalid_argument"),
    _sign(re.compile(r"not a git repository"), "not_a_repository"),
    _sign(re.compile(r"unknown revision|bad revision|not a valid object name|bad object"), "bad_revision"),
    _sign(re.compile(r"invalid reference|not a commit and a branch|a branch is expected"), "bad_ref"),
    _sign(
        re.compile(r"promisor remote|missing blob|unable to read (?:sha1 file|tree)"),
        "git_failed",
        "The repository is a partial clone and lacks that object.",
    ),
)

_PREFIX = re.compile(r"^(?:fatal|error|warning|hint): ", re.MULTILINE)


def failure(command: str, stderr: bytes, allowed: tuple[str, ...] = ()) -> ToolError:
    """The tool error for a command that failed."""
    raw = stderr.decode("utf-8", "replace")
    said = _PREFIX.sub("", redacted(raw, allowed)) or "no reason was given"
    sentence = f"git {command} failed: {said}"
    for sign in SIGNS:
        if sign.pattern.search(raw):
            return ToolError(sentence, code=sign.code, hint=sign.hint, retryable=sign.retryable)
    return ToolError(sentence, code="git_failed")

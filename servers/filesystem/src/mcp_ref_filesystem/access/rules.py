"""What may be read and written beneath the allowed directories: mode, `:ro`, deny, deny-write. Pure.

Paths are judged as they are after links, from the root of the file system, so that neither a nested directory nor a
client's root changes what a rule means.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from mcp_protocol.errors import Refused
from mcp_ref_filesystem.search.match import Globs
from mcp_ref_filesystem.settings import Settings
from mcp_ref_kit.paths.casing import folded

Parts = tuple[str, ...]
Kind = Literal["file", "directory", "link"]

SECRETS = ("**/.ssh/**", "**/.env", "**/.env.*", "**/*.pem", "**/.netrc")

# Verdicts of directories remembered while a tree is walked.
_REMEMBERED = 4096


class Domain(Struct, frozen=True):
    """One operator directory as the rules see it; `folds` says that its file system ignores case."""

    parts: Parts
    read_only: bool
    folds: bool


class Refusal(Enum):
    """Why not."""

    MODE = "mode"
    DIRECTORY = "directory"
    DENIED = "denied"
    UNWRITABLE = "unwritable"

    def error(self, written: str) -> Refused:
        """The refusal for a path in the caller's spelling."""
        code, sentence = _WORDS[self]
        return Refused(sentence.format(path=written), code=code)


_WORDS = {
    Refusal.MODE: ("denied_read_only", "`{path}` cannot be changed: the server runs in read-only mode."),
    Refusal.DIRECTORY: ("denied_read_only", "`{path}` cannot be changed: its directory is read-only."),
    Refusal.DENIED: ("denied_policy", "`{path}` is denied by a rule of this server."),
    Refusal.UNWRITABLE: ("denied_policy", "`{path}` may be read, but a rule of this server forbids writing it."),
}


class Rules:
    """The operator's rules over the operator's directories."""

    def __init__(self, settings: Settings, domains: Iterable[Domain], *, private: Sequence[Parts] = ()) -> None:
        """`private` are directories of our own that no call may reach into."""
        self._private = tuple(private)
        self._frozen = settings.mode == "read-only"
        self._protect_git = not settings.no_default_deny
        self._domains = sorted(domains, key=lambda domain: len(domain.parts), reverse=True)
        secrets = SECRETS if settings.protect_secrets else ()
        self._deny = _Patterns((*settings.deny, *secrets), self._domains)
        self._deny_write = _Patterns(settings.deny_write, self._domains)

    def denies_within(self, parts: Parts) -> bool:
        """Whether anything in a directory might be denied: a walk then asks for each entry."""
        near = (own[: len(parts)] == parts[: len(own)] for own in self._private)
        return bool(self._deny) or any(near)

    def refusal(self, parts: Parts, *, write: bool = False, makes: Kind = "file") -> Refusal | None:
        """Why a path may not be read (or written), or None; `makes` is what a write would put there."""
        if write:
            if self._frozen:
                return Refusal.MODE
            if self._is_read_only(parts):
                return Refusal.DIRECTORY
        if self._is_denied(parts):
            return Refusal.DENIED
        if write and (self._deny_write.match(parts) or (self._protect_git and runs_code(parts, makes))):
            return Refusal.UNWRITABLE
        return None

    def _is_denied(self, parts: Parts) -> bool:
        return any(parts[: len(own)] == own for own in self._private) or (bool(self._deny) and self._deny.match(parts))

    def _is_read_only(self, parts: Parts) -> bool:
        """By the most specific directory; where none is configured, the client's roots are the sandbox."""
        home = next((domain for domain in self._domains if covers(domain, parts)), None)
        return home is not None and home.read_only


def covers(domain: Domain, parts: Parts) -> bool:
    """Whether a path is in a directory, by whole components."""
    own = domain.parts
    if len(parts) < len(own):
        return False
    if parts[: len(own)] == own:
        return True
    return domain.folds and all(folded(mine) == folded(theirs) for mine, theirs in zip(own, parts, strict=False))


def runs_code(parts: Parts, makes: Kind) -> bool:
    """Whether writing this path decides what the next git command runs."""
    names = tuple(folded(part) for part in parts)
    return any(name in _DOT_GIT and _decides(names[at + 1 :], makes) for at, name in enumerate(names))


# The second is the short name that FAT and NTFS give the first.
_DOT_GIT = frozenset({".git", "git~1"})
_DECIDING = frozenset({("config",), ("config.worktree",), ("commondir",), ("objects", "info", "alternates")})


def _decides(inside: Parts, makes: Kind) -> bool:
    """The names beneath `.git`: hooks and settings of the repository, of its submodules and of its work trees."""
    if not inside:
        return makes != "directory"  # a file or link named .git points to a repository elsewhere
    if makes == "link":
        return True
    starts = range(1, len(inside)) if inside[0] in {"modules", "worktrees"} else (0,)
    return any(inside[at] == "hooks" or inside[at:] in _DECIDING for at in starts)


class _Patterns:
    """Globs, each against a path and all its parents: whoever denies a directory denies what is in it."""

    def __init__(self, patterns: Sequence[str], domains: Sequence[Domain]) -> None:
        texts = [_text(pattern) for pattern in patterns]
        self._plain = Globs(texts, floating=True)
        self._folded = Globs([text.casefold() for text in texts], ignore_case=True, floating=True)
        self._domains = domains or (Domain((), read_only=False, folds=True),)
        self._shortest = min(len(domain.parts) for domain in self._domains)
        self._any = bool(patterns)
        self._denies_within = lru_cache(_REMEMBERED)(self._hits_a_prefix)

    def __bool__(self) -> bool:
        return self._any

    def match(self, parts: Parts) -> bool:
        """Whether the path or a directory it is in matches."""
        return self._any and (self._denies_within(parts[:-1]) or self._hits(parts))

    def _hits_a_prefix(self, parts: Parts) -> bool:
        return any(self._hits(parts[:length]) for length in range(self._shortest + 1, len(parts) + 1))

    def _hits(self, parts: Parts) -> bool:
        return any(self._hits_in(domain, parts) for domain in self._domains if covers(domain, parts))

    def _hits_in(self, domain: Domain, parts: Parts) -> bool:
        below = parts[len(domain.parts) :]
        if not below:
            return False
        return self._plain.matches(_text("/".join(below))) or (
            domain.folds and self._folded.matches(_text("/".join(folded(name) for name in below)))
        )


def _text(path: str) -> str:
    """The path with `?` for each byte that is no character: a matcher of text must not stumble over one."""
    return path if path.isascii() else path.encode(errors="replace").decode()

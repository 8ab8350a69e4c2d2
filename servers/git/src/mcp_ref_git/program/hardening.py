"""Which configuration would run code of a repository, and what overrides it. Pure: tables and their application.

The overrides go in by GIT_CONFIG_COUNT, which git reads after every file. What no override can undo makes the
repository unsafe for that use.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from mcp_ref_git.settings import Hooks

Scope = Literal["system", "global", "local", "worktree", "command"]
Pair = tuple[str, str]

# What is read from the files of a repository, and so was written by a stranger.
STRANGERS = frozenset({"local", "worktree"})
# More programs than anybody configures; each override takes room in the environment of every command.
MOST_OVERRIDES = 500

# How git speaks to us, whatever is configured.
SPEECH: tuple[Pair, ...] = (
    ("color.ui", "false"),
    ("core.quotePath", "false"),
    ("core.pager", "cat"),
    ("advice.detachedHead", "false"),
    ("log.showSignature", "false"),
    ("grep.fallbackToNoIndex", "false"),
    # `diff` would write what it has learnt about unchanged files into the index, optional locks or not (measured).
    ("diff.autoRefreshIndex", "false"),
    # Comparing each removed file with each added one grows with their product.
    ("diff.renameLimit", "1000"),
    ("merge.renameLimit", "1000"),
    ("status.renameLimit", "1000"),
    ("rebase.autoStash", "false"),
    ("merge.autoStash", "false"),
    ("rebase.autoSquash", "false"),
    ("rebase.updateRefs", "false"),
    ("push.gpgSign", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
)

# Hooks lie in the repository; `commit -n` alone still runs four of them (measured).
NO_HOOKS: tuple[Pair, ...] = (("core.hooksPath", "/dev/null"),)

# Harmless values of what would run programs or reach beyond the repository, set in every command.
ALWAYS: tuple[Pair, ...] = (
    ("core.fsmonitor", "false"),
    ("diff.external", ""),
    ("core.alternateRefsCommand", ""),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    ("diff.ignoreSubmodules", "dirty"),
    ("submodule.recurse", "false"),
    ("mailmap.file", ""),
    ("blame.ignoreRevsFile", ""),
    ("protocol.ext.allow", "never"),
    ("http.followRedirects", "false"),
    ("safe.bareRepository", "explicit"),
)

# A driver that is emptied ends well and keeps one side alone: theirs would be lost without a word.
# This one is git's own merge of three texts.
TEXT_MERGE = "git merge-file --marker-size=%L %A %O %B"


class Rule(Struct, frozen=True):
    """Keys of a stranger, by section and last name (None for all of them), and what they become.

    The operator's own value of the same key counts more than `neutral`.
    """

    section: str
    name: str | None
    neutral: str = ""


RULES: tuple[Rule, ...] = (
    Rule("filter", "required", "false"),
    Rule("filter", "clean"),
    Rule("filter", "smudge"),
    Rule("filter", "process"),
    Rule("diff", "command"),
    Rule("diff", "textconv"),
    Rule("diff", "orderfile", "/dev/null"),
    Rule("merge", "driver", TEXT_MERGE),
    Rule("gpg", "program", "gpg"),
    Rule("gpg", "defaultkeycommand"),
    Rule("core", "sshcommand"),
    Rule("core", "askpass"),
    Rule("core", "editor", ":"),
    Rule("core", "attributesfile"),
    Rule("core", "excludesfile"),
    Rule("core", "virtualfilesystem"),
    Rule("sequence", "editor", ":"),
    Rule("credential", "helper"),
    Rule("credential", "usehttppath", "false"),
    Rule("alias", None),
    Rule("pager", None, "false"),
    Rule("trailer", "command"),
    Rule("trailer", "cmd"),
    Rule("submodule", "update", "none"),
    Rule("uploadpack", "packobjectshook"),
    Rule("interactive", "difffilter"),
    Rule("difftool", "cmd"),
    Rule("mergetool", "cmd"),
)
_SIGNERS = {"gpg.x509.program": "gpgsm", "gpg.ssh.program": "ssh-keygen"}

# A name that ends so names a program, whatever it belongs to.
_PROGRAM = re.compile(r"(?:command|cmd|program|driver|helper|path)\Z")
_NO_PROGRAM = re.compile(r"(?:include|includeif|submodule)(?:\..*)?\.path|core\.hookspath", re.DOTALL)

# What decides whom a remote command talks to, and what it runs there: none of it can be overridden
# (an emptied `url.*.insteadOf` matches every URL and rewrites it, measured).
_REMOTE = re.compile(
    r"url\..*|http\..*|https\..*|core\.gitproxy|fetch\.bundleuri|bundle\..*|transfer\.bundleuri"
    r"|remote\..*\.(?:uploadpack|receivepack|vcs|proxy|proxyauthmethod)",
    re.DOTALL,
)
# Included by what the branch or the remotes are: such a file may begin to count within one command.
_UNSTEADY = re.compile(r"includeif\.(?:onbranch|hasconfig).*", re.DOTALL)
_INCLUDES = re.compile(r"include\.path|includeif\..*\.path", re.DOTALL)


class Entry(Struct, frozen=True):
    """One value of the configuration as git read it; `origin` is the file that it stands in."""

    scope: str
    origin: str
    key: str
    value: str

    @property
    def is_strangers(self) -> bool:
        """Whether it comes with the repository."""
        return self.scope in STRANGERS


class Hardening(Struct, frozen=True, kw_only=True):
    """What the configuration of a repository comes to."""

    pairs: tuple[Pair, ...]
    """The overrides, in the order that git is to read them."""
    filters: Mapping[str, bool]
    """Disabled filters by name, and whether the repository calls them required."""
    reaches: str | None = None
    """A key that makes the remote toolset unsafe."""
    unsteady: str | None = None
    """A key that makes every use unsafe."""
    hooks: tuple[str, ...] = ()
    """Hooks that are defined in the configuration."""


def hardened(entries: Iterable[Entry], hooks: Hooks) -> Hardening:
    """The overrides for these entries, as far as the operator lets nothing of the repository run."""
    if hooks == "all":
        return Hardening(pairs=SPEECH, filters={})
    entries = list(entries)
    strangers = [entry for entry in entries if entry.is_strangers]
    operators: dict[str, list[str]] = {}
    for entry in entries:
        if not entry.is_strangers:
            operators.setdefault(entry.key, []).append(entry.value)
    pairs = [pair for key in dict.fromkeys(entry.key for entry in strangers) for pair in _overrides(key, operators)]
    configured = _hooks_in(entries)
    pairs += [pair for name in configured for pair in _without_hook(name)]
    keys = [entry.key for entry in strangers]
    return Hardening(
        pairs=(*SPEECH, *ALWAYS, *NO_HOOKS, *pairs),
        filters=_filters(strangers, operators),
        reaches=next((key for key in keys if _REMOTE.fullmatch(key)), None),
        unsteady=next((key for key in keys if _UNSTEADY.fullmatch(key)), None),
        hooks=configured,
    )


def includes(entries: Iterable[Entry]) -> list[Entry]:
    """The entries by which a stranger's file includes another, whether or not that was there to be read."""
    return [entry for entry in entries if entry.is_strangers and _INCLUDES.fullmatch(entry.key)]


def _overrides(key: str, operators: Mapping[str, list[str]]) -> list[Pair]:
    """What to set for one key of a stranger; nothing for a harmless one."""
    neutral = _neutral(key)
    if neutral is None:
        return []
    own = operators.get(key)
    if _parts(key) == ("credential", "helper"):
        return [(key, ""), *((key, value) for value in own or ())]  # helpers add up; an empty one forgets the others
    return [(key, own[-1] if own else neutral)]


def _neutral(key: str) -> str | None:
    section, name = _parts(key)
    for rule in RULES:
        if section == rule.section and rule.name in {None, name}:
            return _SIGNERS.get(key, rule.neutral)
    return "" if _PROGRAM.search(name) and not _NO_PROGRAM.fullmatch(key) else None


def _parts(key: str) -> tuple[str, str]:
    return key.partition(".")[0], key.rpartition(".")[2]


def _hooks_in(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Names of `hook.<name>.*` in any scope: hooksPath does not govern those (git 2.54)."""
    names = [entry.key.removeprefix("hook.").rpartition(".")[0] for entry in entries if entry.key.startswith("hook.")]
    return tuple(dict.fromkeys(name for name in names if name))


def _without_hook(name: str) -> list[Pair]:
    return [(f"hook.{name}.enabled", "false"), (f"hook.{name}.command", ""), (f"hook.{name}.event", "")]


def _filters(strangers: Iterable[Entry], operators: Mapping[str, list[str]]) -> dict[str, bool]:
    """Filters that a stranger defines and that no value of the operator replaces."""
    found: dict[str, bool] = {}
    for entry in strangers:
        section, name = _parts(entry.key)
        driver = entry.key[len("filter.") : -len(name) - 1]
        if section != "filter" or not driver or name not in {"clean", "smudge", "process", "required"}:
            continue
        if name == "required":
            found[driver] = found.get(driver, False) or entry.value.lower() not in {"", "false", "no", "off", "0"}
        elif entry.key not in operators:
            found.setdefault(driver, False)
    return found

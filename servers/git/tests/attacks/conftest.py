"""Hostile repositories: each program that a repository can name is one that leaves a marker behind."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HOOKS = (
    "applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg",
    "commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update",
    "proc-receive", "post-receive", "post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc",
    "post-rewrite", "post-index-change", "fsmonitor-watchman", "sendemail-validate",
)  # fmt: skip

KEYS = (
    "core.fsmonitor", "core.sshCommand", "core.askPass", "core.editor", "core.pager", "core.alternateRefsCommand",
    "core.virtualFilesystem", "sequence.editor", "diff.external", "diff.evil.textconv", "diff.evil.command",
    "interactive.diffFilter", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "merge.evil.driver",
    "merge.default", "gpg.program", "gpg.ssh.program", "gpg.x509.program", "gpg.openpgp.program",
    "gpg.ssh.defaultKeyCommand", "credential.helper", "credential.https://example.org.helper", "pager.log",
    "pager.diff", "pager.show", "trailer.x.command", "trailer.x.cmd", "uploadpack.packObjectsHook",
    "difftool.x.cmd", "mergetool.x.cmd", "mergetool.x.path", "man.x.cmd", "browser.x.cmd", "web.browser",
    "hook.evil.command", "unknown.new.command", "unknown.helper",
)  # fmt: skip


class Marker:
    """What a hostile program leaves behind."""

    def __init__(self, home: Path) -> None:
        self.path = home / "marker"
        self.program = home / "evil"
        self.program.write_text(f'#!/bin/sh\necho "$0 $*" >> "{self.path}"\ncat 2>/dev/null\nexit 0\n')
        self.program.chmod(0o755)

    @property
    def seen(self) -> str:
        """What ran; nothing, one hopes."""
        return self.path.read_text() if self.path.exists() else ""


def arm(repo: Any, marker: Marker) -> None:
    """Let everything of a repository that can name a program name this one."""
    program = str(marker.program)
    text = "".join(_entry(key, program) for key in KEYS)
    text += '[hook "evil"]\n\tevent = pre-commit\n\tevent = post-checkout\n'
    text += f'[submodule "x"]\n\tupdate = !{program}\n[commit]\n\tgpgSign = false\n'
    text += "".join(f"[alias]\n\t{name} = !{program}\n" for name in ("status", "log", "commit", "switch"))
    with (repo.dot_git / "config").open("a") as config:
        config.write(text)
    info = repo.dot_git / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("*.txt diff=evil merge=evil\n*.bin filter=evil\n")
    hooks = repo.dot_git / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in HOOKS:
        (hooks / name).write_bytes(marker.program.read_bytes())
        (hooks / name).chmod(0o755)


def _entry(key: str, value: str) -> str:
    section, _, rest = key.partition(".")
    middle, dot, last = rest.rpartition(".")
    head = f'[{section} "{middle}"]' if dot else f"[{section}]"
    return f"{head}\n\t{last} = {value}\n"


@pytest.fixture
def marker(tmp_path: Path) -> Marker:
    return Marker(tmp_path)


@pytest.fixture(scope="session")
def joined(tmp_path_factory: pytest.TempPathFactory, repo_type: Any) -> Any:
    """A repository with two branches that conflict and one that does not."""
    repo = repo_type(tmp_path_factory.mktemp("joined"))
    repo.commit("first", a__txt="one\n", b__bin=b"\x01", c__txt="c\n")
    repo.git("tag", "-a", "v1", "-m", "Version 1")
    repo.git("branch", "easy")
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("on side", a__txt="side\n")
    repo.git("checkout", "-q", "easy")
    repo.commit("easy to merge", d__txt="d\n", e__bin=b"\x02")
    repo.git("checkout", "-q", "main")
    repo.commit("on main", a__txt="main\n")
    return repo


@pytest.fixture
def armed(repo: Any, joined: Any, marker: Marker) -> Any:
    """The same with all armed that can name a program."""
    shutil.copytree(joined.path, repo.path, dirs_exist_ok=True)
    repo.git("update-index", "--refresh")  # a copied file is another one
    arm(repo, marker)
    return repo


@pytest.fixture
def arms(marker: Marker) -> Callable[[Any], None]:
    """Arms a further repository with the same marker."""
    return lambda repo: arm(repo, marker)

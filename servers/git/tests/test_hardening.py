"""What overrides the configuration of a stranger, as a table and as git reads it."""

import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_git.access.configuration import parse_entries
from mcp_ref_git.program.environment import FIXED, OFFLINE, basis, overriding
from mcp_ref_git.program.hardening import ALWAYS, NO_HOOKS, SPEECH, TEXT_MERGE, Entry, hardened, includes


def local(key: str, value: str = "evil") -> Entry:
    return Entry("local", "/r/.git/config", key, value)


def operators(key: str, value: str) -> Entry:
    return Entry("global", "/home/me/.gitconfig", key, value)


def overrides(*entries: Entry) -> list[tuple[str, str]]:
    found = hardened(entries, "none").pairs
    return list(found[len(SPEECH) + len(ALWAYS) + len(NO_HOOKS) :])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("filter.x.clean", ""), ("filter.x.smudge", ""), ("filter.x.process", ""), ("filter.x.required", "false"),
        ("diff.x.textconv", ""), ("diff.x.command", ""), ("merge.x.driver", TEXT_MERGE), ("gpg.program", "gpg"),
        ("gpg.ssh.program", "ssh-keygen"), ("gpg.x509.program", "gpgsm"), ("core.sshcommand", ""), ("core.askpass", ""),
        ("core.editor", ":"), ("sequence.editor", ":"), ("credential.helper", ""), ("alias.st", ""),
        ("pager.log", "false"),
        ("trailer.x.command", ""), ("trailer.x.cmd", ""), ("submodule.x.update", "none"),
        ("uploadpack.packobjectshook", ""),
        ("interactive.difffilter", ""), ("difftool.x.cmd", ""), ("mergetool.x.path", ""), ("browser.x.cmd", ""),
        ("man.x.cmd", ""), ("core.attributesfile", ""), ("core.excludesfile", ""), ("new.thing.helper", ""),
        ("lfs.customtransfer.x.path", ""), ("foo.barcommand", ""), ("filter.a.b.c.clean", ""),
    ],
)  # fmt: skip
def test_what_names_a_program_is_overridden(key: str, value: str) -> None:
    assert overrides(local(key)) == [(key, value)]
    assert overrides(Entry("worktree", "/r/.git/config.worktree", key, "evil")) == [(key, value)]


@pytest.mark.parametrize(
    "key", ["user.name", "core.autocrlf", "remote.origin.url", "branch.main.merge", "include.path", "submodule.x.path",
            "includeif.gitdir:/x.path", "core.hookspath", "filter.x.other", "diff.x.binary"]
)  # fmt: skip
def test_what_is_harmless_stays(key: str) -> None:
    assert overrides(local(key)) == []


def test_the_operators_own_value_counts() -> None:
    assert overrides(operators("filter.lfs.clean", "git-lfs clean"), local("filter.lfs.clean")) == [
        ("filter.lfs.clean", "git-lfs clean")
    ]
    assert overrides(operators("filter.lfs.clean", "git-lfs clean")) == []


def test_credential_helpers_add_up_so_those_of_a_stranger_are_forgotten_first() -> None:
    found = overrides(operators("credential.helper", "store"), local("credential.helper"))
    assert found == [("credential.helper", ""), ("credential.helper", "store")]


def test_gt2_hooks_in_the_configuration_are_disabled_in_every_scope() -> None:
    """GT2: git 2.54 and later; hooksPath does not govern those."""
    found = hardened([local("hook.x.command"), local("hook.x.event"), operators("hook.mine.command", "m")], "none")
    assert found.hooks == ("x", "mine")
    assert set(found.pairs) >= {
        ("hook.x.enabled", "false"), ("hook.x.command", ""), ("hook.x.event", ""), ("hook.mine.enabled", "false"),
    }  # fmt: skip


def test_disabled_filters_are_known_with_what_the_repository_says_of_them() -> None:
    entries = [local("filter.a.clean"), local("filter.a.required", "true"), local("filter.b.smudge")]
    entries += [operators("filter.c.clean", "c"), local("filter.c.clean")]
    assert hardened(entries, "none").filters == {"a": True, "b": False}


@pytest.mark.parametrize(
    "key",
    ["url.x.insteadof", "http.proxy", "http.https://x/.sslverify", "core.gitproxy", "remote.o.uploadpack",
     "remote.o.proxy",
     "remote.o.vcs", "remote.o.receivepack", "fetch.bundleuri", "bundle.x.uri"],
)  # fmt: skip
def test_what_decides_on_remotes_is_noticed(key: str) -> None:
    assert hardened([local(key)], "none").reaches == key
    assert hardened([operators(key, "x")], "none").reaches is None


def test_includes_that_depend_on_the_branch_are_noticed() -> None:
    assert hardened([local("includeif.onbranch:x.path")], "none").unsteady == "includeif.onbranch:x.path"
    assert hardened([local("includeif.hasconfig:remote.*.url:x.path")], "none").unsteady is not None
    assert includes([local("include.path"), operators("include.path", "x"), local("user.name")]) == [
        local("include.path")
    ]


def test_with_all_hooks_allowed_nothing_is_overridden_but_how_git_speaks() -> None:
    found = hardened([local("filter.x.clean"), local("hook.x.command")], "all")
    assert (found.pairs, found.filters, found.hooks) == (SPEECH, {}, ())


@given(st.text(st.sampled_from('abc."\\ =\n'), max_size=12))
def test_git_takes_every_override_for_a_key_that_it_listed(name: str) -> None:
    if "\n" in name or not name:
        return
    key = f"filter.{name}.clean"
    environment = {"PATH": "/usr/bin:/bin", **overriding(overrides(local(key)))}
    argv = ["git", "config", "--get", key]
    done = subprocess.run(argv, env=environment, cwd="/", capture_output=True, check=False, timeout=10)
    assert (done.returncode, done.stdout) == (0, b"\n"), done.stderr


def test_the_environment_has_no_git_variable_of_the_server() -> None:
    inherited = {"PATH": "/bin", "HOME": "/h", "GIT_DIR": "/evil", "GIT_EXTERNAL_DIFF": "/evil", "SECRET": "x"}
    found = basis(inherited, user_config=True)
    assert found == {"PATH": "/bin", "HOME": "/h", **FIXED}
    assert basis(inherited, user_config=False)["GIT_CONFIG_GLOBAL"] == "/dev/null"
    assert OFFLINE == {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}


def test_entries_are_read_as_git_lists_them(repo: Any) -> None:
    with (repo.dot_git / "config").open("a") as config:
        config.write('[foo "a.b"]\n\tbar\n\tpath = x\n y\n[include]\n\tpath = /nowhere\n')
    listed = repo.git("config", "--list", "-z", "--show-scope", "--show-origin").encode()
    found = {entry.key: entry for entry in parse_entries(listed)}
    assert found["foo.a.b.bar"].value == ""
    assert found["include.path"].scope == "local"
    assert "user.name" in found

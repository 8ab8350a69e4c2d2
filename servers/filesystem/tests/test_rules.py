"""What the rules let through: mode, `:ro`, deny, deny-write, and the built-in protection of git."""

import pytest

from mcp_ref_filesystem.access.rules import Domain, Kind, Parts, Refusal, Rules
from mcp_ref_filesystem.settings import Settings

HOME = Domain(("home", "u"), read_only=False, folds=False)
FORGIVING = Domain(("mac",), read_only=False, folds=True)
FROZEN = Domain(("home", "u", "frozen"), read_only=True, folds=False)
THAWED = Domain(("home", "u", "frozen", "thawed"), read_only=False, folds=False)


def parts(path: str) -> Parts:
    return tuple(path.strip("/").split("/"))


def rules(*domains: Domain, **settings: object) -> Rules:
    return Rules(Settings(**settings), domains or (HOME, FROZEN, THAWED, FORGIVING))  # pyright: ignore[reportArgumentType]  any settings


def test_without_rules_everything_is_read_and_written() -> None:
    assert rules().refusal(parts("/home/u/a")) is None
    assert rules().refusal(parts("/home/u/a"), write=True) is None


def test_in_read_only_mode_nothing_is_written() -> None:
    assert rules(mode="read-only").refusal(parts("/home/u/a"), write=True) is Refusal.MODE
    assert rules(mode="read-only").refusal(parts("/home/u/a")) is None


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/home/u/a", None),
        ("/home/u/frozen", Refusal.DIRECTORY),
        ("/home/u/frozen/a/b", Refusal.DIRECTORY),
        ("/home/u/frozen/thawed/a", None),
        ("/home/u/frozenish/a", None),
    ],
)
def test_the_most_specific_directory_decides_whether_it_may_be_written(path: str, refusal: Refusal | None) -> None:
    """FS35."""
    assert rules().refusal(parts(path), write=True) is refusal
    assert rules().refusal(parts(path)) is None


def test_another_case_does_not_lead_round_a_read_only_directory() -> None:
    frozen = Domain(("mac", "Frozen"), read_only=True, folds=True)
    judged = rules(FORGIVING, frozen)
    assert judged.refusal(parts("/mac/fROZEN/a"), write=True) is Refusal.DIRECTORY
    assert judged.refusal(parts("/mac/frozen./a"), write=True) is Refusal.DIRECTORY


@pytest.mark.parametrize(
    ("pattern", "path", "denied"),
    [
        ("secret", "/home/u/secret", True),
        ("secret", "/home/u/secret/deep/x", True),
        ("secret", "/home/u/a/secret", True),
        ("secret", "/home/u/secrets", False),
        ("/secret", "/home/u/secret/x", True),
        ("/secret", "/home/u/a/secret/x", False),
        ("secret/**", "/home/u/secret", False),
        ("secret/**", "/home/u/secret/x", True),
        ("**/*.pem", "/home/u/a/b.pem", True),
        ("*.pem", "/home/u/a/b.pem", True),
        ("*.pem", "/home/u/a/b.PEM", False),
        ("*.pem", "/mac/a/b.PEM", True),
        ("{a,b}/x", "/home/u/b/x", True),
        ("u", "/home/u/a", False),
        ("frozen/x", "/home/u/frozen/x", True),
        ("/x", "/home/u/frozen/x", True),
        ("a\udcff", "/home/u/a\udcff", True),
        ("?\udcff", "/home/u/a\udcff", True),
    ],
)
def test_a_denied_path_is_neither_read_nor_written(pattern: str, path: str, *, denied: bool) -> None:
    judged = rules(deny=[pattern])
    assert (judged.refusal(parts(path)) is Refusal.DENIED) is denied
    assert (rules(deny_write=[pattern]).refusal(parts(path), write=True) is not None) is (
        denied or path.startswith("/home/u/frozen")
    )
    assert rules(deny_write=[pattern]).refusal(parts(path)) is None


def test_the_order_is_mode_directory_deny_deny_write() -> None:
    everything: dict[str, object] = {"deny": ["a"], "deny_write": ["a"]}
    assert rules(**everything).refusal(parts("/home/u/a"), write=True) is Refusal.DENIED
    assert rules(**everything).refusal(parts("/home/u/frozen/a"), write=True) is Refusal.DIRECTORY
    assert rules(**everything, mode="read-only").refusal(parts("/home/u/frozen/a"), write=True) is Refusal.MODE


def test_secrets_are_protected_on_request() -> None:
    for name in (".env", ".env.local", "a/b.pem", ".ssh/id_rsa", "x/.netrc"):
        assert rules().refusal(parts(f"/home/u/{name}")) is None
        assert rules(protect_secrets=True).refusal(parts(f"/home/u/{name}")) is Refusal.DENIED


RUNS_CODE = [
    "config",
    "config.worktree",
    "hooks/pre-commit",
    "hooks/deep/er",
    "hooks",
    "commondir",
    "objects/info/alternates",
    "modules/sub/config",
    "modules/a/b/hooks/post-checkout",
    "modules/sub/modules/deep/commondir",
    "worktrees/w/commondir",
    "worktrees/w/config.worktree",
]


@pytest.mark.parametrize("name", RUNS_CODE)
@pytest.mark.parametrize(
    "repository", ["/home/u/.git", "/home/u/a/b/.git", "/home/u/.GIT", "/home/u/.g\u200dit. .", "/home/u/git~1"]
)
def test_what_the_next_git_command_runs_is_never_written(repository: str, name: str) -> None:
    """FS34."""
    path = parts(f"{repository}/{name}")
    assert rules().refusal(path, write=True) is Refusal.UNWRITABLE
    assert rules().refusal((*path[:-1], path[-1].upper()), write=True) is Refusal.UNWRITABLE
    assert rules().refusal(path) is None
    assert rules(no_default_deny=True).refusal(path, write=True) is None


@pytest.mark.parametrize(
    "name", [".git/index", ".git/refs/heads/main", ".git/info/exclude", "config", "hooks/x", ".github/config", "a.git"]
)
def test_the_rest_of_a_repository_can_be_written(name: str) -> None:
    assert rules().refusal(parts(f"/home/u/{name}"), write=True) is None


@pytest.mark.parametrize(("makes", "refused"), [("file", True), ("link", True), ("directory", False)])
def test_git_may_be_made_as_a_directory_only(makes: Kind, *, refused: bool) -> None:
    """A file or link of that name points to a repository elsewhere."""
    assert (rules().refusal(parts("/home/u/a/.git"), write=True, makes=makes) is not None) is refused


def test_no_link_is_put_into_a_repository() -> None:
    """`.git/objects` as a link to a directory with `info/alternates` in it."""
    assert rules().refusal(parts("/home/u/.git/objects"), write=True, makes="link") is Refusal.UNWRITABLE
    assert rules().refusal(parts("/home/u/.git/objects"), write=True, makes="directory") is None


def test_an_allowed_directory_inside_a_repository_changes_nothing() -> None:
    inside = Domain(("home", "u", ".git"), read_only=False, folds=False)
    assert rules(inside).refusal(parts("/home/u/.git/hooks/x"), write=True) is Refusal.UNWRITABLE


def test_rules_hold_for_clients_whose_roots_are_the_only_directories() -> None:
    judged = Rules(Settings(deny=["*.pem"]), [])
    assert judged.refusal(parts("/anywhere/a.pem")) is Refusal.DENIED
    assert judged.refusal(parts("/anywhere/a"), write=True) is None


@pytest.mark.slow
def test_two_thousand_names_are_judged() -> None:
    deep = ("home", "u", *["a"] * 2000)
    assert rules(deny=["secret"]).refusal((*deep, "secret", "x")) is Refusal.DENIED
    assert rules(deny=["secret"]).refusal(deep) is None


def test_a_refusal_says_which_path_and_why() -> None:
    error = Refusal.DENIED.error("a/b")
    assert error.code == "denied_policy"
    assert str(error) == "`a/b` is denied by a rule of this server."
    assert {refusal.error("x").code for refusal in Refusal} == {"denied_policy", "denied_read_only"}


def test_directories_of_our_own_are_out_of_reach() -> None:
    """The undo journal, where a client's root around it is the only directory."""
    judged = Rules(Settings(), [], private=[("home", "u", "journal")])
    assert judged.denies_within(parts("/home/u"))
    assert not judged.denies_within(parts("/home/v"))
    for path in ("/home/u/journal", "/home/u/journal/x"):
        assert judged.refusal(parts(path)) is Refusal.DENIED
        assert judged.refusal(parts(path), write=True) is Refusal.DENIED
    assert judged.refusal(parts("/home/u/journals")) is None

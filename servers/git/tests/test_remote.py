"""The remote toolset against a real server: git's own http-backend behind TLS on this machine."""

import asyncio
import base64
import http.server
import ipaddress
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ALL: dict[str, Any] = {"mode": "admin", "toolsets": ["all"]}
EXEC_PATH = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
BACKEND = Path(EXEC_PATH, "git-http-backend")
SECRET = "p4ssw0rd"  # noqa: S105  of a server of the tests' own


def certificate(home: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, private = home / "cert.pem", home / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return cert, private


class Backend(http.server.BaseHTTPRequestHandler):
    """Hands requests to git-http-backend; below /closed it asks for a password, below /moved it sends elsewhere."""

    root: ClassVar[Path]
    seen: ClassVar[list[str]]

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        """Say nothing."""

    def _serve(self) -> None:
        self.seen.append(self.path)
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", f"/{path.removeprefix('/moved/')}?{query}")
            self.end_headers()
            return
        if path.startswith("/closed/") and self.headers.get("Authorization") != expected():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.end_headers()
            return
        environment = {
            **{name: os.environ[name] for name in ("PATH",)},
            "GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path.removeprefix("/closed"),
            "QUERY_STRING": query, "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "REMOTE_USER": "ada", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
        }  # fmt: skip
        if "Content-Encoding" in self.headers:
            environment["HTTP_CONTENT_ENCODING"] = self.headers["Content-Encoding"]
        done = subprocess.run([BACKEND], env=environment, input=body, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def expected() -> str:
    return "Basic " + base64.b64encode(f"u:{SECRET}".encode()).decode()


class Site:
    """A running server: its port, its repositories, the requests it has seen, and a configuration that trusts it."""

    def __init__(self, port: int, root: Path, seen: list[str], home: Path) -> None:
        self.port = port
        self.root = root
        self.seen = seen
        self.home = home

    def url(self, name: str = "hub.git") -> str:
        return f"https://127.0.0.1:{self.port}/{name}"

    @property
    def allowed(self) -> dict[str, Any]:
        return {**ALL, "allow_remote": [f"127.0.0.1:{self.port}"], "user_config": "on"}


@pytest.fixture
def site(tmp_path: Path, make_repo: Any, monkeypatch: pytest.MonkeyPatch) -> Generator[Site]:
    home = tmp_path / "home"
    home.mkdir()
    cert, key = certificate(home)
    (home / ".gitconfig").write_text(f"[http]\n\tsslCAInfo = {cert}\n[user]\n\tname = Op\n\temail = op@example.org\n")
    monkeypatch.setenv("HOME", str(home))
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    hub = make_repo("site/hub.git", "--bare")
    hub.git("config", "http.receivepack", "true")
    handler = type("Handler", (Backend,), {"root": tmp_path / "site", "seen": []})
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield Site(listening.server_port, tmp_path / "site", handler.seen, home)
    listening.shutdown()
    listening.server_close()
    thread.join(5)


@pytest.fixture
def linked(repo: Any, site: Site) -> Any:
    """A repository with a commit, and the site as its origin."""
    repo.commit("first", a="1\n")
    repo.git("remote", "add", "origin", site.url())
    return repo


def rewrite(place: str) -> None:
    Path(place, "a").write_text("2\n")


async def test_push_fetch_pull_and_clone(linked: Any, site: Site, desk: Any, tmp_path: Path) -> None:
    async with desk(linked, root=[str(tmp_path / "clones")], **site.allowed) as at:
        here = {"repo_path": str(linked.path)}
        tried = await at.ok("git_push", **here)
        assert (tried["dry_run"], tried["updates"][0]["status"]) == (True, "new")
        assert (await at.ok("git_ls_remote", **here))["refs"] == []
        pushed = await at.ok("git_push", dry_run=False, set_upstream=True, **here)
        assert pushed["updates"] == [{"ref": "refs/heads/main", "old": None, "new": None, "status": "new"}]
        listed = await at.ok("git_ls_remote", **here)
        assert listed["refs"] == [{"name": "refs/heads/main", "commit": linked.head}]
        cloned = await at.ok("git_clone", url=site.url(), path=f"{tmp_path}/clones/one", depth=5)
        there = {"repo_path": cloned["path"]}
        assert (cloned["branch"], cloned["head"]) == ("main", linked.head)
        rewrite(cloned["path"])
        await at.ok("git_commit", message="from the clone", files=["a"], **there)
        moved = await at.ok("git_push", dry_run=False, branch="main", **there)
        assert moved["updates"][0]["status"] == "fast-forward"
        fetched = await at.ok("git_fetch", **here)
        assert [(one["ref"], one["status"]) for one in fetched["updates"]] == [("refs/remotes/origin/main", "updated")]
        pulled = await at.ok("git_pull", **here)
        assert (pulled["result"], (linked.path / "a").read_text()) == ("fast-forward", "2\n")
        assert (await at.ok("git_status", **here))["upstream"] == "origin/main"


@pytest.fixture(autouse=True)
def _places(tmp_path: Path) -> None:
    (tmp_path / "clones").mkdir()


async def test_what_diverged_is_joined_as_asked(linked: Any, site: Site, make_repo: Any, desk: Any) -> None:
    async with desk(linked, **site.allowed) as at:
        await at.ok("git_push", dry_run=False)
        other = make_repo("other")
        other.env["GIT_SSL_CAINFO"] = str(site.home / "cert.pem")
        other.git("pull", "-q", site.url(), "main")
        other.commit("theirs", b="1\n")
        other.git("push", "-q", site.url(), "main")
        mine = linked.commit("mine", c="1\n")
        assert await at.refused("git_push", dry_run=False) == "conflict"
        assert await at.refused("git_pull") == "git_failed"
        assert linked.head == mine
        assert (await at.ok("git_pull", mode="rebase"))["result"] == "merged"
        assert linked.git("log", "-1", "--format=%s %P") == f"mine {other.head}"
        other.commit("theirs again", b="2\n")
        other.git("push", "-q", site.url(), "main")
        linked.commit("mine again", c="2\n")
        assert (await at.ok("git_pull", mode="merge"))["result"] == "merged"
        assert len(linked.git("log", "-1", "--format=%P").split()) == 2


async def test_protected_branches_are_neither_forced_nor_deleted(linked: Any, site: Site, desk: Any) -> None:
    async with desk(linked, **site.allowed) as at:
        linked.git("branch", "topic")
        await at.ok("git_push", dry_run=False, branch="topic")
        old = linked.head
        linked.git("branch", "-f", "topic", linked.commit("other", a="9\n"))
        lease: dict[str, Any] = {"branch": "topic", "force_with_lease": old, "dry_run": False}
        assert await at.refused("git_push", **lease) == "denied_policy"
        assert await at.refused("git_push", branch="main", delete=True) == "denied_policy"
        for wrong in ("+topic", "*", "HEAD", "topic:HEAD", ":topic", "topic:"):
            assert await at.refused("git_push", branch=wrong) == "bad_ref", wrong
    async with desk(linked, **site.allowed, allow_force=True) as at:
        assert await at.refused("git_push", **{**lease, "branch": "main"}) == "denied_policy"
        assert await at.refused("git_push", **{**lease, "force_with_lease": "1" * 40}) == "conflict"
        linked.git("branch", "-f", "topic", linked.git("commit-tree", "-m", "apart", "HEAD^{tree}"))
        assert (await at.ok("git_push", **lease))["updates"][0]["status"] == "forced"
        assert (await at.ok("git_push", branch="topic", delete=True, dry_run=False))["updates"][0][
            "status"
        ] == "deleted"


async def test_gt23_without_credentials_there_is_an_answer_at_once(linked: Any, site: Site, desk: Any) -> None:
    """GT23: never a prompt."""
    linked.git("remote", "set-url", "origin", site.url("closed/hub.git"))
    began = time.monotonic()
    async with desk(linked, **site.allowed) as at:
        assert await at.refused("git_fetch") == "auth_required"
    assert time.monotonic() - began < 5


async def test_the_operators_credential_helper_is_asked_and_a_strangers_is_not(
    linked: Any, site: Site, desk: Any, tmp_path: Path
) -> None:
    linked.git("remote", "set-url", "origin", site.url("closed/hub.git"))
    helper = tmp_path / "helper"
    helper.write_text(f"#!/bin/sh\necho username=u\necho password={SECRET}\n")
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/marker\n")
    for program in (helper, evil):
        program.chmod(0o755)
    with (site.home / ".gitconfig").open("a") as config:
        config.write(f"[credential]\n\thelper = {helper}\n")
    linked.git("config", "credential.helper", str(evil))
    async with desk(linked, **site.allowed) as at:
        result = await at.call("git_ls_remote")
    assert not result.is_error, result.text
    assert not (tmp_path / "marker").exists()


async def test_redirects_are_not_followed(linked: Any, site: Site, desk: Any) -> None:
    linked.git("remote", "set-url", "origin", site.url("moved/hub.git"))
    async with desk(linked, **site.allowed) as at:
        assert await at.refused("git_fetch") == "git_failed"
    assert [path for path in site.seen if not path.startswith("/moved/")] == []


@pytest.mark.parametrize(
    "key",
    [
        "url.https://evil.example/.insteadOf",
        "http.proxy",
        "remote.origin.uploadpack",
        "core.gitProxy",
        "http.x.extraHeader",
    ],
)
async def test_a_repository_does_not_decide_how_remotes_are_reached(
    linked: Any, site: Site, desk: Any, key: str
) -> None:
    linked.git("config", key, "https://")
    async with desk(linked, **site.allowed) as at:
        for tool in ("git_ls_remote", "git_fetch", "git_pull", "git_push"):
            assert await at.refused(tool) == "unsafe_repository"
    assert site.seen == []


async def test_nothing_is_reached_without_permission(linked: Any, site: Site, desk: Any, tmp_path: Path) -> None:
    """GT21, GT22."""
    async with desk(linked, **{**site.allowed, "allow_remote": []}) as at:
        for tool in ("git_ls_remote", "git_fetch", "git_pull", "git_push"):
            assert await at.refused(tool) == "remote_denied"
    async with desk(linked, root=[str(tmp_path / "clones")], **{**site.allowed, "allow_remote": ["example.org"]}) as at:
        here = {"repo_path": str(linked.path)}
        assert await at.refused("git_fetch", **here) == "remote_denied"
        assert await at.refused("git_clone", url=site.url(), path=f"{tmp_path}/clones/x") == "remote_denied"
        linked.git("config", "remote.origin.pushurl", f"https://u:{SECRET}@example.org/x")
        result = await at.call("git_push", **here)
        assert result.error_code == "remote_denied"
        assert SECRET not in result.text
        assert SECRET not in (await at.call("git_remotes", **here)).text
        assert await at.refused("git_fetch", remote="nowhere", **here) == "invalid_argument"
    assert site.seen == []


async def test_a_clone_that_fails_or_is_cancelled_leaves_nothing(
    linked: Any, site: Site, desk: Any, tmp_path: Path
) -> None:
    async with desk(linked, root=[str(tmp_path / "clones")], **site.allowed) as at:
        place = tmp_path / "clones" / "x"
        assert await at.refused("git_clone", url=site.url("nothing.git"), path=str(place)) == "git_failed"
        assert await at.refused("git_clone", url=site.url(), path=f"{tmp_path}/outside") == "denied_outside_root"
        assert await at.refused("git_clone", url=site.url(), path=f"{tmp_path}/clones/a/b") == "invalid_argument"
        assert not await asyncio.to_thread(place.exists)


async def test_a_repository_on_this_disk_runs_no_hook_either(
    linked: Any, make_repo: Any, desk: Any, tmp_path: Path
) -> None:
    """file: remotes lie beneath an allowed directory; their receiving side is our own program."""
    hub = make_repo("clones/hub.git", "--bare")
    for hook in ("pre-receive", "update", "post-receive", "post-update", "reference-transaction"):
        path = hub.path / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {tmp_path}/marker\n")
        path.chmod(0o755)
    linked.git("remote", "set-url", "origin", f"file://{hub.path}")
    allowed = {**ALL, "root": [str(tmp_path / "clones")], "allow_remote": [f"file:{tmp_path}/clones"]}
    async with desk(linked, **allowed) as at:
        here = {"repo_path": str(linked.path)}
        await at.ok("git_push", dry_run=False, **here)
        await at.ok("git_fetch", **here)
        linked.git("remote", "set-url", "origin", f"file://{linked.path}")
        assert await at.refused("git_fetch", **here) == "remote_denied"
    assert hub.git("rev-parse", "main") == linked.head
    assert not (tmp_path / "marker").exists()

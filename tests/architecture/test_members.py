"""Every member of the workspace has the same face, and no file ties the repository to one package registry."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.sources import MEMBERS, ROOT, product, tracked

SERVERS = [member for member in MEMBERS if member.parent.name == "servers"]
IN_A_MEMBER = frozenset({"pyproject.toml", "README.md", "CHANGELOG.md", "src", "tests"})
IN_A_SERVER = IN_A_MEMBER | {"server.json"}
# Not for use, so in no registry.
FIXTURE = "everything"
IN_A_SERVER_MODULE = frozenset({"__init__.py", "__main__.py", "settings.py", "server.py"})
REGISTRY = re.compile(rb"(pypi|pythonhosted|npmjs|yarnpkg)\.(org|com)")
SCRIPT_LINES = 80
LOCKS = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml"})

each_member = pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
each_server = pytest.mark.parametrize("member", SERVERS, ids=lambda member: member.name)


@cache
def settings(member: Path) -> dict[str, Any]:
    return tomllib.loads((member / "pyproject.toml").read_text())


@each_member
def test_a_member_has_the_common_files(member: Path) -> None:
    wanted = IN_A_SERVER if member in SERVERS and member.name != FIXTURE else IN_A_MEMBER
    assert wanted - {path.name for path in member.iterdir()} == set()


@each_server
def test_a_server_is_laid_out_like_every_other(member: Path) -> None:
    module = member / "src" / f"mcp_ref_{member.name.replace('-', '_')}"
    assert IN_A_SERVER_MODULE - {path.name for path in module.iterdir()} == set()
    assert settings(member)["project"]["name"] == f"mcp-ref-{member.name}"
    assert settings(member)["project"]["scripts"] == {f"mcp-ref-{member.name}": f"{module.name}.__main__:main"}


@each_member
def test_a_member_builds_alone_and_carries_no_tool_settings(member: Path) -> None:
    ours = settings(member)
    assert ours["build-system"]["build-backend"] == "hatchling.build"
    assert set(ours["tool"]) <= {"hatch", "uv"}
    # Without the cache keys an edit is not seen by uvx; with sources a copied folder looks for a workspace it has left.
    assert set(ours["tool"]["uv"]) == {"cache-keys"}


@each_member
def test_all_distributions_share_one_version_and_pin_their_siblings_to_it(member: Path) -> None:
    project = settings(member)["project"]
    version = settings(ROOT)["project"]["version"]
    assert project["version"] == version
    siblings = [need for need in project["dependencies"] if need.startswith("mcp-ref-")]
    assert [need for need in siblings if not need.endswith(f"~={version}")] == []


def test_the_root_knows_every_member() -> None:
    root = settings(ROOT)["tool"]
    names = {settings(member)["project"]["name"] for member in MEMBERS}
    assert set(root["uv"]["sources"]) == names
    modules = {source.module for source in product() if "." not in source.module}
    assert set(root["ruff"]["lint"]["isort"]["known-first-party"]) == modules


def test_no_tracked_file_names_a_package_registry() -> None:
    assert [str(path) for path in tracked() if REGISTRY.search(path.read_bytes())] == []


def test_no_lock_file_with_addresses_is_tracked() -> None:
    assert [path for path in tracked() if path.name in LOCKS] == []


def test_every_pin_has_hashes_and_every_direct_dependency_a_pin() -> None:
    text = (ROOT / "constraints.txt").read_text()
    pins = re.findall(r"^([a-z0-9][a-z0-9.-]*)==\S+.*\n((?:    --hash=sha256:[0-9a-f]{64}.*\n)*)", text, re.MULTILINE)
    assert [name for name, hashes in pins if not hashes] == []
    assert {name for needs in map(_needs, MEMBERS) for name in needs} - {name for name, _ in pins} == set()


def test_scripts_stay_short() -> None:
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file() and path.suffix != ".py"]
    assert [path.name for path in scripts if len(path.read_text().splitlines()) > SCRIPT_LINES] == []


def _needs(member: Path) -> set[str]:
    project = settings(member)["project"]
    lists = [project["dependencies"], *project.get("optional-dependencies", {}).values()]
    names = {re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0].lower() for needs in lists for need in needs}
    return {name for name in names if not name.startswith("mcp-ref-")}

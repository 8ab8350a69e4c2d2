"""Skills: found, described, read, and listed by directory; what breaks the rules does not start."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol import Context, Limits, Options, Server, Toolset
from mcp_protocol.errors import SettingsError
from mcp_protocol.server import skill_files
from mcp_protocol.testing import RpcError, connect

SKILLS = "io.modelcontextprotocol/skills"
HEADER = "---\nname: {}\ndescription: Does {}.\n---\n"
tools = Toolset[None]("tools")


@tools.tool(read_only=True)
async def look(ctx: Context[None]) -> str:
    """Look."""
    del ctx
    return "seen"


@asynccontextmanager
async def lifespan(settings: None) -> AsyncGenerator[None, None]:
    yield settings


def put(root: Path, place: str, **files: str | bytes) -> None:
    """A skill with a SKILL.md and other files; `__` in a name is a separator."""
    home = root / place
    home.mkdir(parents=True)
    name = home.name
    (home / "SKILL.md").write_text(HEADER.format(name, name) + "Do it.\n")
    for path, data in files.items():
        file = home / path.replace("__", "/")
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data if isinstance(data, bytes) else data.encode())


def serving(root: Path | None) -> Server[None, None]:
    return Server("t", type(None), lifespan, toolsets=[tools], skills=root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, "haiku", **{"a b%.txt": "ä\n", "pictures__one.png": b"\x89PNG\xff", ".hidden": "no"})
    put(tmp_path, "group/notes")
    return tmp_path


async def test_every_file_is_listed_once_with_its_digest_and_reads_as_such(root: Path) -> None:
    async with connect(serving(root)) as client:
        first, second = (await client.request("skills/list", {}))["skills"]
        assert (first["uri"], second["uri"]) == ("skill://group/notes/SKILL.md", "skill://haiku/SKILL.md")
        assert second["frontmatter"] == {"name": "haiku", "description": "Does haiku."}
        names = ["SKILL.md", "a%20b%25.txt", "pictures/one.png"]
        assert [one["uri"] for one in second["resources"]] == [f"skill://haiku/{name}" for name in names]
        for one, path in zip(second["resources"], ["SKILL.md", "a b%.txt", "pictures/one.png"], strict=True):
            raw = (root / "haiku" / path).read_bytes()
            assert (one["size"], one["digest"]) == (len(raw), "sha256:" + hashlib.sha256(raw).hexdigest())
            [content] = await client.read(one["uri"])
            assert ("blob" in content) == path.endswith(".png")
        [manifest] = await client.read("skill://haiku/SKILL.md")
    assert manifest["mimeType"] == "text/markdown"
    assert manifest["text"] == (root / "haiku" / "SKILL.md").read_text()


async def test_one_skill_is_the_same_as_in_the_list(root: Path) -> None:
    async with connect(serving(root)) as client:
        [_, listed] = (await client.request("skills/list", {}))["skills"]
        got = await client.request("skills/get", {"uri": listed["uri"]})
        with pytest.raises(RpcError) as refused:
            await client.request("skills/get", {"uri": "skill://haiku"})
    assert got["skill"] == listed
    assert (got["ttlMs"], got["cacheScope"]) == (300_000, "public")
    assert (refused.value.code, refused.value.data) == (-32602, {"uri": "skill://haiku"})


async def test_a_directory_shows_its_direct_children(root: Path) -> None:
    async with connect(serving(root)) as client:
        found = await client.request("resources/directory/read", {"uri": "skill://haiku/"})
        children = [(one["name"], one["mimeType"]) for one in found["resources"]]
        assert children == [
            ("haiku", "text/markdown"),
            ("a b%.txt", "text/plain"),
            ("pictures", "inode/directory"),
        ]
        deeper = await client.request("resources/directory/read", {"uri": found["resources"][2]["uri"]})
        above = await client.request("resources/directory/read", {"uri": "skill://group"})
        for uri in ("skill://haiku/SKILL.md", "skill://nobody", "skill:/", "", "file:///etc"):
            with pytest.raises(RpcError) as refused:
                await client.request("resources/directory/read", {"uri": uri})
            assert refused.value.code == -32602
    assert [one["uri"] for one in deeper["resources"]] == ["skill://haiku/pictures/one.png"]
    assert [one["uri"] for one in above["resources"]] == ["skill://group/notes"]


async def test_pages_end_and_a_cursor_is_good_for_its_own_directory_only(root: Path) -> None:
    async with connect(serving(root), options=Options(limits=Limits(page=1))) as client:
        assert [one["uri"] for one in await client.list("skills")] == [
            "skill://group/notes/SKILL.md",
            "skill://haiku/SKILL.md",
        ]
        page = await client.request("resources/directory/read", {"uri": "skill://haiku"})
        cursor = page["nextCursor"]
        following = await client.request("resources/directory/read", {"uri": "skill://haiku", "cursor": cursor})
        assert following["resources"][0]["name"] == "a b%.txt"
        for method, params in (
            ("resources/directory/read", {"uri": "skill://haiku/pictures", "cursor": cursor}),
            ("skills/list", {"cursor": cursor}),
        ):
            with pytest.raises(RpcError):
                await client.request(method, params)


async def test_resources_list_has_the_manifests_and_no_other_file(root: Path) -> None:
    async with connect(serving(root), revision="2025-11-25") as client:
        listed = await client.list("resources")
        [content] = await client.read("skill://haiku/a%20b%25.txt")
    assert [(one["name"], one["description"]) for one in listed] == [
        ("notes", "Does notes."),
        ("haiku", "Does haiku."),
    ]
    assert content["text"] == "ä\n"


@pytest.mark.parametrize("skills", [True, False])
async def test_the_extension_is_declared_where_there_are_skills(root: Path, *, skills: bool) -> None:
    async with connect(serving(root if skills else None)) as client:
        capabilities = (await client.request("server/discover", {}))["capabilities"]
        if not skills:
            with pytest.raises(RpcError) as refused:
                await client.request("skills/list", {})
            assert refused.value.code == -32601
    assert capabilities.get("extensions", {}) == ({SKILLS: {"directoryRead": True}} if skills else {})


@pytest.mark.parametrize("method", ["skills/list", "skills/get", "resources/directory/read"])
async def test_a_legacy_session_has_no_such_methods(root: Path, method: str) -> None:
    async with connect(serving(root), revision="2025-11-25") as client:
        with pytest.raises(RpcError) as refused:
            await client.request(method, {"uri": "skill://haiku/SKILL.md"})
    assert refused.value.code == -32601


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("name: other\ndescription: x", "name must be"),
        ("name: Skill\ndescription: x", "name must be"),
        ("name: skill", "description must have"),
        ("name: skill\ndescription: ''", "description must have"),
        (f"name: skill\ndescription: {'x' * 1025}", "description must have"),
        ("name: skill\ndescription: 7", "description must have"),
        ("name: skill\ndescription: x\nmetadata:\n  io.modelcontextprotocol/a: b", "reserved"),
        ("name: skill\ndescription: [x]", "line 2 of the header"),
    ],
)
async def test_a_header_that_breaks_the_rules_does_not_start(tmp_path: Path, header: str, why: str) -> None:
    (tmp_path / "skill").mkdir()
    (tmp_path / "skill" / "SKILL.md").write_text(f"---\n{header}\n---\n")
    with pytest.raises(SettingsError, match=why):
        async with connect(serving(tmp_path)):
            pass


def a_link(root: Path) -> None:
    (root / "haiku" / "passwd").symlink_to("/etc/passwd")


def a_nest(root: Path) -> None:
    put(root, "haiku/inner")


def many_files(root: Path) -> None:
    for number in range(512):
        (root / "haiku" / f"{number}.txt").touch()


def a_large_file(root: Path) -> None:
    with (root / "haiku" / "large").open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [(a_link, "links have no place"), (a_nest, "inside another"), (many_files, "at most"), (a_large_file, "at most")],
)
def test_a_tree_that_breaks_the_bounds_is_refused(root: Path, spoil: Any, why: str) -> None:
    spoil(root)
    with pytest.raises(SettingsError, match=why):
        skill_files.load(root)


def test_all_skills_together_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "one")
    put(tmp_path, "two")
    monkeypatch.setattr(skill_files, "_ALL", 60)
    with pytest.raises(SettingsError, match="together"):
        skill_files.load(tmp_path)


def test_a_directory_without_skills_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no SKILL\.md"):
        skill_files.load(tmp_path)


def test_the_root_itself_is_no_skill(tmp_path: Path) -> None:
    (tmp_path / "SKILL.md").write_text(HEADER.format("x", "x"))
    with pytest.raises(SettingsError, match="must be a directory below"):
        skill_files.load(tmp_path)

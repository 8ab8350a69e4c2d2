"""Who may import whom: three tiers of distributions, and the rooms of the core."""

from tests.architecture.sources import ROOT, Source, imports, product, python_files

# From the bottom up; a room imports from the lines below its own, and from nothing beside it.
ROOMS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "revisions", "limits", "encoding"}),
    frozenset({"jsonrpc", "types", "schema"}),
    frozenset({"session"}),
    frozenset({"server"}),
    frozenset({"auth"}),
    frozenset({"transports", "client"}),
    frozenset({"testing"}),
)
RANK = {room: rank for rank, rooms in enumerate(ROOMS) for room in rooms}

# Rooms of servers that begin with a slow library, and so are imported only inside functions themselves.
LATE_ROOMS = (
    "mcp_ref_fetch.text.content", "mcp_ref_fetch.text.html", "mcp_ref_fetch.text.links", "mcp_ref_fetch.text.metadata",
    "mcp_ref_fetch.text.markdown", "mcp_ref_fetch.wire.transport",
)  # fmt: skip
# Imported only inside functions: each costs more than everything else that a start on stdio needs.
LAZY = (
    "uvicorn", "httptools", "uvloop", "httpx", "starlette", "mcp_protocol.transports.http", "mcp_ref_kit.http",
    "watchfiles", "re2", "pathspec", "PIL", "send2trash",
    "selectolax", "protego", "charset_normalizer", "pypdf", "brotli",
    "jwt", "redis", "asyncpg", "aiosqlite", "git", "playwright", "opentelemetry",
    *LATE_ROOMS,
)  # fmt: skip
# These are themselves imported late, so they may begin with what they are about.
LATE = (
    "mcp_protocol.transports.http", "mcp_protocol.client.http", "mcp_protocol.testing", "mcp_ref_kit.http",
    *LATE_ROOMS,
)  # fmt: skip

# Two libraries do the same as msgspec, asyncio and argparse here, at several times the start-up cost.
NEVER = frozenset(
    {"pydantic", "anyio", "trio", "mcp", "mcp_types", "fastmcp", "typer", "click", "requests", "aiohttp", "gitpython"}
)


def tier(module: str) -> int | None:
    """0 the core, 1 the kit, 2 a server; None for what is not ours."""
    top = module.split(".", maxsplit=1)[0]
    if top == "mcp_protocol":
        return 0
    if top == "mcp_ref_kit":
        return 1
    return 2 if top.startswith("mcp_ref_") else None


def room(module: str) -> str | None:
    """The room of a module of the core; None for the package itself, which gathers names for authors."""
    parts = module.split(".")
    return parts[1] if parts[0] == "mcp_protocol" and len(parts) > 1 else None


def is_under(module: str, packages: tuple[str, ...]) -> bool:
    """Whether the module is one of these packages or inside one."""
    return any(f"{module}.".startswith(f"{package}.") for package in packages)


def files_of_the_core() -> list[Source]:
    return [source for source in product() if room(source.module)]


def test_every_room_of_the_core_has_its_place() -> None:
    assert {str(room(source.module)) for source in files_of_the_core()} <= set(RANK)


def test_a_distribution_imports_only_from_lower_tiers() -> None:
    upward = [
        f"{source.at(found.line)} imports {found.target}"
        for source in product()
        for found in imports(source)
        if (target := tier(found.target)) is not None
        and found.target.split(".")[0] != source.module.split(".")[0]
        and target >= (tier(source.module) or 0)
    ]
    assert upward == []


def test_a_room_of_the_core_imports_only_from_lower_rooms() -> None:
    wrong = [
        f"{source.at(found.line)} imports {found.target}"
        for source in files_of_the_core()
        for found in imports(source)
        if (here := room(source.module))
        and (there := room(found.target))
        and here != there
        and RANK[there] >= RANK[here]
    ]
    assert wrong == []


def test_a_room_of_the_core_does_not_import_the_package_that_gathers_it() -> None:
    assert [
        source.at(found.line)
        for source in files_of_the_core()
        for found in imports(source)
        if found.target == "mcp_protocol"
    ] == []


def test_what_is_slow_to_import_is_imported_when_needed() -> None:
    eager = [
        f"{source.at(found.line)} imports {found.target}"
        for source in product()
        if not is_under(source.module, LATE)
        for found in imports(source)
        if not found.lazy and not found.typing and is_under(found.target, LAZY)
    ]
    assert eager == []


def test_a_server_brings_its_tests_with_it() -> None:
    """Whoever copies a server's folder has its tests too; what these import must be installed."""
    servers = [source for source in python_files() if source.path.is_relative_to(ROOT / "servers")]
    wrong = [
        source.at(found.line)
        for source in servers
        for found in imports(source)
        if found.target == "tests" or found.target.startswith("tests.")
    ]
    assert wrong == []


def test_nothing_imports_a_library_that_was_refused() -> None:
    assert [
        source.at(found.line)
        for source in product()
        for found in imports(source)
        if found.target.split(".")[0] in NEVER
    ] == []

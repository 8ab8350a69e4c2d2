"""Every case runs on stdio and HTTP, in both eras; the servers are begun once, and each test has its own session."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lanes_of_tests import LANES, Lane, Lanes

Site = Any
TYPED = "s3cr3t & välue/9"
DOWNLOAD_MAX = 500_000
OUTPUT_MAX = 200_000


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lanes() -> AsyncGenerator[Lanes]:
    async with AsyncExitStack() as stack:
        yield Lanes(stack)


@pytest.fixture(scope="session")
def operator(sites: tuple[Site, Site], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the operator has set up: a directory for uploads with a way out of it, and a file of secrets."""
    place = tmp_path_factory.mktemp("operator")
    inside = place / "R"
    inside.mkdir()
    (inside / "note.txt").write_text("a note")
    (place / "secret.txt").write_text("outside")
    (inside / "link.txt").symlink_to(place / "secret.txt")
    (place / "secrets.toml").write_text(
        f'[LOGIN]\nvalue = "{TYPED}"\norigins = ["{sites[0].url}"]\n'
        '[ELSEWHERE]\nvalue = "other value"\norigins = ["https://example.com"]\n'
    )
    return place


@pytest.fixture(params=LANES, ids=["-".join(lane) for lane in LANES])
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A transport and a revision."""
    return request.param


@pytest_asyncio.fixture(loop_scope="session")
async def lane(chromium: str, lanes: Lanes, way: tuple[str, str], site: Site, operator: Path) -> Lane:
    """A server that may go to site A only."""
    del chromium
    flags = ("--allowed-origins", site.url, "--caps", "pdf,network,devtools", "--download-max", str(DOWNLOAD_MAX))
    more = ("--secrets", str(operator / "secrets.toml"), "--output-max-size", str(OUTPUT_MAX), str(operator / "R"))
    return await lanes.get(*way, *flags, *more)


@pytest_asyncio.fixture(loop_scope="session")
async def unlisted(lanes: Lanes, way: tuple[str, str]) -> Lane:
    """A server without any list: every public address, and nothing else."""
    return await lanes.get(*way)

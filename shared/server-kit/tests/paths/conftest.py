"""A directory R, a neighbour with a secret, and a jail in R by either mechanism; no test leaks a descriptor."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcp_ref_kit.paths import Mechanism, Policy, Root, open_root
from mcp_ref_kit.paths.kernel import kernel
from tests.require import missing

SECRET = b"the secret of the neighbour"


@pytest.fixture(params=["openat2", "walk"])
def mechanism(request: pytest.FixtureRequest) -> Mechanism:
    if request.param == "walk":
        return "walk"
    if kernel() is None:
        missing("openat2 is not allowed by this kernel or container")
    return "auto"


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """The allowed directory R."""
    path = tmp_path / "R"
    path.mkdir()
    return path


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """R-evil beside it: whatever a test does, its secret stays and nothing is added."""
    path = tmp_path / "R-evil"
    path.mkdir()
    (path / "x").write_bytes(SECRET)
    yield path
    assert (path / "x").read_bytes() == SECRET
    assert [found.name for found in path.iterdir()] == ["x"]


@pytest.fixture
def opened(inside: Path, mechanism: Mechanism) -> Iterator[Callable[[Policy], Root]]:
    """Opens R with a policy."""
    roots: list[Root] = []

    def open_with(policy: Policy) -> Root:
        roots.append(open_root(inside, policy=policy, mechanism=mechanism))
        return roots[-1]

    yield open_with
    for root in roots:
        root.close()


@pytest.fixture
def root(opened: Callable[[Policy], Root]) -> Root:
    return opened(Policy())


@pytest.fixture(autouse=True)
def no_descriptor_leaks() -> Iterator[None]:
    before = _descriptors()
    yield
    gc.collect()
    assert _descriptors() <= before


def _descriptors() -> int:
    listing = Path("/proc/self/fd")
    return len(list(listing.iterdir())) if listing.is_dir() else 0

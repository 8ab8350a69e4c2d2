"""Below `server` the core is plain functions over data: no event loop, clock, randomness or environment."""

from tests.architecture.sources import Source, calls, imports, product
from tests.architecture.test_imports import RANK, room

# What reaches outside the process, or says something else at the next call.
OUTSIDE = frozenset(
    {
        "asyncio", "threading", "multiprocessing", "concurrent", "subprocess", "signal",
        "socket", "ssl", "select", "selectors", "urllib.request", "http",
        "os", "pathlib", "shutil", "tempfile", "io",
        "time", "random", "secrets", "logging",
    }
)  # fmt: skip
CLOCKS_AND_DICE = frozenset(
    {
        "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
        "datetime.datetime.now", "datetime.date.today", "dt.datetime.now", "dt.date.today",
        "uuid.uuid1", "uuid.uuid4",
    }
)  # fmt: skip
STREAMS = frozenset({"socket", "ssl", "select", "selectors", "subprocess", "http", "uvicorn"})


def files_of(rooms: set[str]) -> list[Source]:
    return [source for source in product() if room(source.module) in rooms]


def pure() -> list[Source]:
    return files_of({name for name, rank in RANK.items() if rank < RANK["server"]})


def test_a_module_below_server_imports_nothing_from_outside_the_process() -> None:
    reached = [
        f"{source.at(found.line)} imports {found.target}"
        for source in pure()
        for found in imports(source)
        if _outside(found.target)
    ]
    assert reached == []


def test_a_module_below_server_reads_no_clock_and_rolls_no_dice() -> None:
    read = [source.at(call.lineno) for source in pure() for name, call in calls(source) if name in CLOCKS_AND_DICE]
    assert read == []


def test_the_server_room_touches_no_stream() -> None:
    touching = [
        f"{source.at(found.line)} imports {found.target}"
        for source in files_of({"server"})
        for found in imports(source)
        if found.target.split(".")[0] in STREAMS
    ]
    assert touching == []


def _outside(target: str) -> bool:
    return target in OUTSIDE or target.split(".", maxsplit=1)[0] in OUTSIDE

"""Programs run for a call: output and time are bounded, and nothing outlives the call."""

import asyncio
import os
import resource
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from mcp_protocol import ToolError
from mcp_ref_kit.processes import Bounds, CannotStart, Command, TimedOut, passed_on, run
from mcp_ref_kit.processes import child as children

ENV = passed_on(os.environ)
SECONDS = 5


def python(program: str, *arguments: str, stdin: bytes | None = None) -> Command:
    return Command(argv=(sys.executable, "-S", "-c", program, *arguments), env=ENV, stdin=stdin)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


async def gone(pid: int) -> bool:
    """Whether a process ends within a moment."""
    await asyncio.to_thread(wait_for, lambda: not is_running(pid))
    return True


async def told(path: Path) -> int:
    """The number that a child writes into a file, once it has."""
    await asyncio.to_thread(wait_for, lambda: path.exists() and path.read_text().endswith("\n"))
    return int(await asyncio.to_thread(path.read_text))


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_output_and_exit_code_come_back() -> None:
    done = await run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"))
    assert (done.code, done.stdout, done.stderr, done.cut) == (3, b"out\n", b"err\n", False)


async def test_stdin_is_empty_unless_bytes_are_given() -> None:
    """S9: a child that reads fd 0 gets the end of it, never the protocol's input."""
    program = "import sys; sys.stdout.write(str(len(sys.stdin.buffer.read())))"
    assert (await run(python(program))).stdout == b"0"
    assert (await run(python(program, stdin=b"x" * 1_000_000))).stdout == b"1000000"


async def test_a_child_that_does_not_read_its_input_is_no_error() -> None:
    done = await run(python("pass", stdin=b"x" * 10_000_000))
    assert done.code == 0


async def test_the_environment_is_what_was_given_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """X3: a secret of the server's own environment reaches no child."""
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    done = await run(
        Command(
            argv=("/usr/bin/env",), env=passed_on({"PATH": "/bin", "DATABASE_PASSWORD": "x", "EXTRA": "1"}, ["EXTRA"])
        )
    )
    assert sorted(done.stdout.splitlines()) == [b"EXTRA=1", b"PATH=/bin"]


async def test_the_child_is_stopped_when_its_output_reaches_the_bound(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    program = "import os, sys; open(sys.argv[1], 'w').write(f'{os.getpid()}\\n')\nwhile True: os.write(1, b'x' * 65536)"
    began = time.monotonic()
    done = await run(python(program, str(mark)), Bounds(stdout=100_000))
    assert (len(done.stdout), done.cut, done.code) == (100_000, True, None)
    assert time.monotonic() - began < SECONDS
    assert await gone(await told(mark))


async def test_whoever_takes_the_output_says_when_it_is_enough() -> None:
    taken: list[bytes] = []

    def take(piece: bytes) -> bool:
        taken.append(piece)
        return False

    done = await run(python("import os\nwhile True: os.write(1, b'line\\n')"), take=take)
    assert (done.cut, done.stdout, len(taken)) == (True, b"", 1)


async def test_output_of_exactly_the_bound_is_whole() -> None:
    done = await run(python("import os; os.write(1, b'x' * 1000)"), Bounds(stdout=1000))
    assert (len(done.stdout), done.cut, done.code) == (1000, False, 0)


async def test_stderr_is_kept_up_to_its_bound_and_drained_beyond() -> None:
    done = await run(python("import os\nfor _ in range(50): os.write(2, b'e' * 65536)"), Bounds(stderr=10))
    assert (done.stderr, done.code, done.cut) == (b"e" * 10, 0, False)


async def test_a_deadline_kills_the_whole_group(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    program = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n    open(sys.argv[1], 'w').write(f'{os.getpid()}\\n')\n    time.sleep(100)\n"
        "time.sleep(100)"
    )
    with pytest.raises(TimedOut) as caught:
        await run(python(program, str(mark)), Bounds(seconds=1))
    assert (caught.value.code, caught.value.retryable) == ("timeout", True)
    assert await gone(await told(mark))


async def test_whoever_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "GRACE_SECONDS", 0.2)
    mark = tmp_path / "pid"
    program = (
        "import os, signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open(sys.argv[1], 'w').write(f'{os.getpid()}\\n')\ntime.sleep(100)"
    )
    with pytest.raises(TimedOut):
        await run(python(program, str(mark)), Bounds(seconds=0.5))
    assert await gone(await told(mark))


async def test_sigterm_comes_first_so_that_a_child_can_clean_up(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    program = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (os.unlink(sys.argv[1]), os._exit(0)))\n"
        "open(sys.argv[1], 'w').write('1\\n')\nprint('ready', flush=True)\ntime.sleep(100)"
    )
    await run(python(program, str(lock)), take=lambda _: False)
    assert not lock.exists()


async def test_cancelling_the_call_kills_the_child(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    program = "import os, sys, time; open(sys.argv[1], 'w').write(f'{os.getpid()}\\n'); time.sleep(100)"
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run(python(program, str(mark))))
        pid = await told(mark)
        task.cancel()
        began = time.monotonic()
    assert time.monotonic() - began < 2.5
    assert await gone(pid)


async def test_a_second_cancellation_does_not_save_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "GRACE_SECONDS", 0.3)
    mark = tmp_path / "pid"
    program = (
        "import os, signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open(sys.argv[1], 'w').write(f'{os.getpid()}\\n'); time.sleep(100)"
    )
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run(python(program, str(mark))))
        pid = await told(mark)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
    assert await gone(pid)


async def test_a_grandchild_that_keeps_the_pipes_open_delays_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    program = (
        "import os, sys, time\nprint('done', flush=True)\n"
        "if os.fork() == 0:\n    open(sys.argv[1], 'w').write(f'{os.getpid()}\\n')\n    time.sleep(100)\n"
    )
    began = time.monotonic()
    done = await run(python(program, str(mark)))
    assert (done.code, done.stdout) == (0, b"done\n")
    assert time.monotonic() - began < SECONDS
    assert await gone(await told(mark))


async def test_a_program_that_is_not_there_is_a_clear_error() -> None:
    with pytest.raises(CannotStart) as caught:
        await run(Command(argv=("/nowhere/git",), env=ENV))
    assert isinstance(caught.value, ToolError)
    assert "/nowhere" not in caught.value.text


async def test_many_at_once_leave_no_descriptor_behind() -> None:
    before = descriptors()
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(run(python("print('x')")))
    assert descriptors() <= before


def highest_descriptor() -> int:
    return max(int(path.name) for path in Path("/proc/self/fd").iterdir())


def living() -> set[str]:
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


async def test_without_descriptors_left_the_call_fails_and_leaves_nothing() -> None:
    """S11: whichever descriptor is the one that is not there any more."""
    await run(python("pass"))
    before, (soft, hard) = (descriptors(), living()), resource.getrlimit(resource.RLIMIT_NOFILE)
    outcomes: set[str] = set()
    for most in range(highest_descriptor() + 12):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        try:
            outcomes.add((await run(Command(argv=("/bin/echo", "x"), env=ENV, stdin=b"y"))).stdout.decode())
        except CannotStart as error:
            outcomes.add(error.code)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert outcomes == {"io", "x\n"}
    assert (descriptors(), living()) == before


@pytest.fixture
def inheritable() -> Generator[None]:
    """A descriptor that a library has opened for its children to have."""
    with Path("/dev/null").open("rb") as file:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003  the system's own signature
        yield


@pytest.mark.usefixtures("inheritable")
async def test_no_descriptor_of_the_server_is_inherited() -> None:
    done = await run(python("import os; print(sorted(os.listdir('/proc/self/fd'))[:-1])"))
    assert done.stdout == b"['0', '1', '2']\n"


async def test_a_system_without_descriptors_of_processes_is_served_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS has none; a thread waits there."""
    monkeypatch.delattr(os, "pidfd_open")
    done = await run(python("print(input())", stdin=b"x\n"))
    assert (done.code, done.stdout) == (0, b"x\n")
    with pytest.raises(TimedOut):
        await run(python("import time; time.sleep(100)"), Bounds(seconds=0.3))


async def test_a_child_that_reads_its_input_slowly_gets_all_of_it() -> None:
    program = (
        "import sys, time\nn = 0\nwhile b := sys.stdin.buffer.read1(50000): n += len(b); time.sleep(0.001)\nprint(n)"
    )
    assert (await run(python(program, stdin=b"x" * 3_000_000))).stdout == b"3000000\n"

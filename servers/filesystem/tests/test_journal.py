"""The undo journal on disk: bounded, private, shared between servers, and never in the way of a lie."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from msgspec.structs import replace

from mcp_protocol.errors import SettingsError, ToolError
from mcp_ref_filesystem.history.journal import DAY, ID, ORPHAN_SECONDS, RELIST_AFTER, Journal
from mcp_ref_filesystem.history.steps import Entry, MadeDirectory


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Generator[Journal]:
    journal = Journal(tmp_path / "journal", most_bytes=100, days=2, clock=clock)
    yield journal
    journal.close()


def recorded(journal: Journal, size: int = 0, path: str = "/a") -> str:
    """An entry that keeps so many bytes."""
    change = journal.new_id()
    journal.make_room(size)
    if size:
        with journal.spot(f"{change}.0") as spot, spot.create() as blob:
            os.write(blob.fd, b"x" * size)
    steps = [MadeDirectory(path=path)]
    journal.save(Entry(id=change, tool="t", time=1.0, caller=None, bytes=size, steps=[*steps]))
    return change


def ids(journal: Journal) -> list[str]:
    return [entry.id for entry in journal.entries()]


def test_entries_come_newest_first(journal: Journal) -> None:
    made = [recorded(journal) for _ in range(3)]
    assert ids(journal) == made[::-1]


def test_ids_have_one_form_and_rise_within_a_moment(journal: Journal) -> None:
    made = [journal.new_id() for _ in range(100)]
    assert made == sorted(set(made))
    assert all(ID.fullmatch(change) for change in made)


def test_an_entry_is_found_by_its_id(journal: Journal) -> None:
    change = recorded(journal)
    found = journal.get(change)
    assert found is not None
    assert found.id == change
    assert journal.get("0" * 13) is None


def test_names_that_are_not_utf8_survive(journal: Journal) -> None:
    name = "/\udcff\udcfe"
    change = recorded(journal, path=name)
    found = journal.get(change)
    assert found is not None
    assert found.steps == [MadeDirectory(path=name)]


def test_the_directory_is_private(journal: Journal) -> None:
    journal.path.mkdir(mode=0o755)
    recorded(journal)
    assert journal.path.stat().st_mode & 0o777 == 0o700


def test_the_oldest_go_when_the_bytes_do_not_fit(journal: Journal) -> None:
    made = [recorded(journal, 40) for _ in range(4)]
    assert ids(journal) == made[:1:-1]
    assert sorted(path.name for path in journal.path.iterdir() if path.suffix != ".json") == [
        f"{change}.0" for change in made[2:]
    ]


def test_the_old_go_by_age(journal: Journal, clock: Clock) -> None:
    recorded(journal)
    clock.now += 1.5 * DAY
    kept = recorded(journal)
    clock.now += DAY
    last = recorded(journal)
    assert ids(journal) == [last, kept]


def test_one_change_over_the_limit_is_refused_and_costs_no_other(journal: Journal) -> None:
    change = recorded(journal, 40)
    with pytest.raises(ToolError) as error:
        journal.make_room(101)
    assert error.value.code == "too_large"
    assert ids(journal) == [change]


def test_dropping_an_entry_drops_what_it_keeps(journal: Journal) -> None:
    change = recorded(journal, 10)
    journal.drop(change)
    assert ids(journal) == []
    assert list(journal.path.iterdir()) == []


def test_entries_of_another_server_are_seen(journal: Journal, clock: Clock) -> None:
    mine = recorded(journal)
    other = Journal(journal.path, most_bytes=100, days=2, clock=clock)
    clock.now += 1
    theirs = recorded(other)
    other.close()
    assert ids(journal) == [theirs, mine]
    assert journal.get(theirs) is not None


def test_bytes_without_an_entry_go_after_a_while(journal: Journal, clock: Clock) -> None:
    change = journal.new_id()
    with journal.spot(f"{change}.0") as spot, spot.create():
        pass
    recorded(journal)
    assert (journal.path / f"{change}.0").exists()
    clock.now += ORPHAN_SECONDS + 1
    for _ in range(RELIST_AFTER + 1):
        journal.make_room(0)
    assert not (journal.path / f"{change}.0").exists()


def test_damaged_entries_are_passed_over(journal: Journal) -> None:
    good = recorded(journal)
    (journal.path / f"{journal.new_id()}.0.json").write_text("{")
    (journal.path / f"{journal.new_id()}.0.json").write_text('{"id": 1}')
    (journal.path / "something else").write_text("")
    assert ids(journal) == [good]


def test_an_entry_can_be_saved_again(journal: Journal) -> None:
    change = recorded(journal)
    found = journal.get(change)
    assert found is not None
    journal.save(replace(found, undone=True))
    again = journal.get(change)
    assert again is not None
    assert again.undone


def test_a_place_inside_an_allowed_directory_is_refused(journal: Journal, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    for allowed in (tmp_path, tmp_path / "link", journal.path):
        with pytest.raises(SettingsError):
            journal.check([allowed])
    journal.check([tmp_path / "other", tmp_path / "jour"])


def test_an_unusable_place_is_one_kind_of_error(journal: Journal) -> None:
    journal.path.write_text("a file")
    for act in (lambda: journal.make_room(1), lambda: journal.spot("x"), lambda: ids(journal)):
        with pytest.raises(ToolError) as error:
            act()
        assert error.value.code == "io"

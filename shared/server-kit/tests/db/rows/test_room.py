from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_kit.db.rows.formats import as_json
from mcp_ref_kit.db.rows.room import Room, budget


def test_things_fit_until_there_is_no_room() -> None:
    room = Room(20)
    assert room.leading(["12345678", "12345678", "1"]) == ["12345678"]
    assert not room.takes("12345678")


def test_one_thing_always_fits() -> None:
    room = Room(4)
    assert not room.fits("x" * 100)
    assert room.takes("x" * 100)
    assert not room.takes("")


@given(st.lists(st.text(max_size=50), max_size=30), st.integers(0, 500))
def test_what_was_taken_is_within_the_room(things: list[str], most: int) -> None:
    taken = Room(most).leading(things)
    assert taken == things[: len(taken)]
    assert len(taken) <= 1 or sum(len(as_json(thing)) + 1 for thing in taken) <= most


def test_the_rest_of_a_result_has_a_quarter() -> None:
    assert budget(1000) == 750

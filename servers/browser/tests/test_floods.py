"""What is too much for a console: literal times, no clock."""

from mcp_ref_browser.sessions.floods import MOST, PAUSE_SECONDS, PAUSES, SECONDS, Flood


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_many_lines_in_a_second_are_a_flood_and_the_same_in_two_are_none() -> None:
    clock = Clock()
    flood = Flood(clock)
    assert [flood.rises() for _ in range(MOST)].count(True) == 1
    clock.now += PAUSE_SECONDS + SECONDS + 0.1
    for _ in range(2):
        assert not any(flood.rises() for _ in range(MOST - 1))
        clock.now += SECONDS + 0.1


def test_a_flood_lasts_when_it_goes_on_after_a_pause_and_a_new_document_begins_anew() -> None:
    clock = Clock()
    flood = Flood(clock)
    for _ in range(PAUSES):
        assert any(flood.rises() for _ in range(MOST))
        assert not flood.lasts
        clock.now += PAUSE_SECONDS
    assert any(flood.rises() for _ in range(MOST))
    assert flood.lasts
    flood.forget()
    assert not flood.lasts

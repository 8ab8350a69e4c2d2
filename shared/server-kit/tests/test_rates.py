"""Token buckets: a burst, then an even pace, and nobody pays for another."""

from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_kit import Rate
from mcp_ref_kit.rates import Buckets


def test_a_burst_is_followed_by_an_even_pace() -> None:
    buckets = Buckets(Rate(60, 60))
    assert all(buckets.take("a", 0.0) == 0 for _ in range(60))
    assert buckets.take("a", 0.0) == 1.0
    assert buckets.take("a", 0.5) == 0.5
    assert buckets.take("a", 1.0) == 0
    assert buckets.take("a", 1.0) == 1.0


def test_each_caller_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(Rate(1, 60))
    assert buckets.take("a", 0.0) == 0
    assert buckets.take("b", 0.0) == 0
    assert buckets.take("a", 0.0) > 0


def test_a_million_callers_do_not_fill_the_memory() -> None:
    buckets = Buckets(Rate(1, 3600))
    for number in range(10_001):
        buckets.take(str(number), 0.0)
    assert buckets.take("10000", 0.0) > 0
    assert buckets.take("0", 0.0) == 0  # forgotten as the one idle longest


@given(st.lists(st.floats(0, 30), max_size=60))
def test_never_more_than_the_rate_and_one_bucket(pauses: list[float]) -> None:
    buckets = Buckets(Rate(5, 60))
    now = taken = 0.0
    for pause in pauses:
        now += pause
        taken += buckets.take("a", now) == 0
    assert taken <= 5 + now * 5 / 60 + 1e-6

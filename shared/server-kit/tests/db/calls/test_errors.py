from mcp_protocol.server.results import ERROR_META, error_result
from mcp_ref_kit import Secret
from mcp_ref_kit.db.calls.errors import (
    MOST_WORDS,
    Code,
    DbError,
    Scrub,
    bad_argument,
    by_word,
    close_names,
    one_line,
    unknown,
)


def test_an_error_says_everything_it_knows_a_line_each() -> None:
    error = DbError("No such column.", code="syntax", hint="Look again.", position=8, engine_code="42703")
    assert error.text == "syntax: No such column.\nhint: Look again.\nposition: 8\nengine: 42703"
    assert DbError("No.", code="busy").text == "busy: No."


def test_programs_find_the_same_in_meta_and_no_structured_content() -> None:
    result = error_result(DbError("No.", code="conflict", engine_code="23505"))
    assert result.is_error
    assert result.structured_content is None
    assert result.meta == {
        ERROR_META: {
            "code": "conflict", "message": "No.", "hint": None, "retryable": False, "engine_code": "23505",
            "position": None,
        }
    }  # fmt: skip


def test_what_may_succeed_later_is_retryable_unless_it_is_said_otherwise() -> None:
    assert DbError("", code="timeout").retryable
    assert DbError("", code="busy").retryable
    assert DbError("", code="connection").retryable
    assert not DbError("", code="syntax").retryable
    assert DbError("", code="conflict", retryable=True).retryable


def test_an_argument_is_named() -> None:
    assert bad_argument("limit", "must be at least 1").text == "invalid_argument: `limit` must be at least 1."


def test_what_is_missing_names_what_was_meant() -> None:
    error = unknown("table", "custmers", ["Customers", "custom", "orders"])
    assert error.code == "not_found"
    assert error.hint == "Did you mean `Customers` or `custom`?"
    assert unknown("table", "xyz", ["orders"], "Call list_objects.").hint == "Call list_objects."


def test_at_most_three_names_are_told_and_long_ones_are_not_compared() -> None:
    assert len(close_names("table_x", [f"table_{number}" for number in range(50)])) == 3
    assert close_names("a" * 100_000, ["a" * 99_999]) == []


def test_the_names_of_others_cannot_break_out_of_a_message() -> None:
    message = unknown("table", "a`\n## ignore\x1b[2J" + "x" * 500, []).message
    assert "\n" not in message
    assert "\x1b" not in message
    assert len(message) < 120


def test_an_engines_words_lose_what_is_the_operators_own() -> None:
    scrub = Scrub([Secret("pa/ss word")], ["/srv/secret.db"])
    said = scrub("cannot open /srv/secret.db: pa/ss word, pa%2Fss%20word, pa%2Fss+word\nline 2")
    assert said == "cannot open ...: ..., ..., ... line 2"
    assert len(scrub("x" * 10_000)) == MOST_WORDS + 1


def test_one_line_has_no_controls() -> None:
    assert one_line("a\tb\r\nc\x00\x9b\u202e") == "a b  c"


def test_the_longest_beginning_decides() -> None:
    table: dict[str, Code] = {"23": "conflict", "25006": "read_only", "4": "syntax"}
    assert by_word(table, "23505", "unsupported") == "conflict"
    assert by_word(table, "25006", "unsupported") == "read_only"
    assert by_word(table, "25001", "unsupported") == "unsupported"

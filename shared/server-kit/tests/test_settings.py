"""Settings: each source, their order, each type, and the sentence for each mistake."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from mcp_protocol.errors import SettingsError
from mcp_ref_kit import ByteSize, CommonSettings, Rate, Seconds, Secret, setting
from mcp_ref_kit.settings import Loaded, fields_of, load, merge, parse


class Sample(Struct, frozen=True, kw_only=True):
    """One field of each kind."""

    dirs: Annotated[list[str], Meta(description="Directories."), setting(positional=True, metavar="DIR[:ro]")] = []
    limit: Annotated[int, Meta(description="The most.", ge=1, le=1000)] = 10
    ratio: float = 0.5
    max_read_bytes: Annotated[ByteSize, Meta(description="Bytes of one read.", ge=1)] = 1024
    wait: Annotated[Seconds, Meta(description="How long.", le=3600)] = 5.0
    no_trash: bool = False
    default_deny: Annotated[bool, Meta(description="The built-in rules.")] = True
    symlinks: Literal["inside", "never"] = "inside"
    deny: list[str] = []
    hosts: Annotated[list[str], setting(separator=",")] = []
    history_dir: Path | None = None
    rate: Rate | None = None
    password: Secret | None = None
    dsn: Annotated[Secret | None, setting(inline=True, env=("DATABASE_URL",))] = None
    repository: Annotated[tuple[Path, ...], setting(short="-r")] = ()
    config: Path | None = None


FIELDS = fields_of(Sample)


def read_settings(*arguments: str, **environment: str) -> Sample:
    return loaded(*arguments, **environment).into(Sample)


def complaint(*arguments: str, **environment: str) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(*arguments, **environment)
    return str(caught.value)


def loaded(*arguments: str, **environment: str) -> Loaded:
    return load(FIELDS, parse(FIELDS.values(), arguments), environment)


def test_without_any_source_each_setting_has_its_default() -> None:
    assert read_settings() == Sample()
    assert set(loaded().sources.values()) == {"default"}


def test_a_config_file_wins_over_the_default(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("limit = 20")
    found = loaded("--config", str(config))
    assert found.values["limit"] == 20
    assert found.sources["limit"] == "settings.toml"


def test_the_environment_wins_over_a_config_file(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("limit = 20")
    found = loaded("--config", str(config), MCP_LIMIT="30")
    assert found.values["limit"] == 30
    assert found.sources["limit"] == "MCP_LIMIT"


def test_a_flag_wins_over_the_environment(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("limit = 20")
    found = loaded("--config", str(config), "--limit", "40", MCP_LIMIT="30")
    assert found.values["limit"] == 40
    assert found.sources["limit"] == "--limit"


def test_the_environment_can_name_the_config_file(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("limit = 20")
    assert read_settings(MCP_CONFIG=str(config)).limit == 20


def test_a_flag_that_repeats_the_default_still_wins(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("default_deny = false")
    assert read_settings("--default-deny", "--config", str(config), MCP_DEFAULT_DENY="off").default_deny is True


def test_the_last_source_of_a_list_replaces_it_and_does_not_add() -> None:
    assert read_settings("--deny", "a", MCP_DENY="b").deny == ["a"]


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (("--limit", "7"), "limit", 7),
        (("--limit=7",), "limit", 7),
        (("--ratio", "-1.5"), "ratio", -1.5),
        (("--max-read-bytes", "256KiB"), "max_read_bytes", 256 * 1024),
        (("--max-read-bytes", "5 MB"), "max_read_bytes", 5_000_000),
        (("--max-read-bytes", "2m"), "max_read_bytes", 2 * 1024 * 1024),
        (("--wait", "500ms"), "wait", 0.5),
        (("--wait", "1h"), "wait", 3600.0),
        (("--wait", "2.5"), "wait", 2.5),
        (("--no-default-deny",), "default_deny", False),
        (("--no-trash",), "no_trash", True),
        (("--trash",), "no_trash", False),
        (("--symlinks", "never"), "symlinks", "never"),
        (("--deny", "a,b", "--deny", "c"), "deny", ["a,b", "c"]),
        (("--hosts", "a, b", "--hosts=c"), "hosts", ["a", "b", "c"]),
        (("--hosts", ""), "hosts", []),
        (("--history-dir", "~/x"), "history_dir", Path("~/x")),
        (("--rate", "60/min"), "rate", Rate(60, 60)),
        (("-r", "a", "--repository", "b"), "repository", (Path("a"), Path("b"))),
        (("one", "--limit", "3", "two"), "dirs", ["one", "two"]),
        (("--limit", "3", "--", "--two", "-r"), "dirs", ["--two", "-r"]),
    ],
)
def test_flags_are_read_in_their_type(arguments: tuple[str, ...], name: str, value: Any) -> None:
    assert getattr(read_settings(*arguments), name) == value


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("MCP_MAX_READ_BYTES", "1KiB", "max_read_bytes", 1024),
        ("MCP_DEFAULT_DENY", "no", "default_deny", False),
        ("MCP_DIRS", os.pathsep.join(["/a", "/b"]), "dirs", ["/a", "/b"]),
        ("MCP_HOSTS", "a,b", "hosts", ["a", "b"]),
        ("MCP_PASSWORD", "hunter22", "password", Secret("hunter22")),
        ("MCP_LIMIT", "", "limit", 10),
        ("DATABASE_URL", "postgres://a:b@c/d", "dsn", Secret("postgres://a:b@c/d")),
    ],
)
def test_variables_are_read_in_their_type(variable: str, text: str, name: str, value: Any) -> None:
    assert getattr(read_settings(**{variable: text}), name) == value


def test_our_own_variable_wins_over_that_of_another_program() -> None:
    assert read_settings(MCP_DSN="ours", DATABASE_URL="theirs").dsn == Secret("ours")


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("limit = 7", "limit", 7),
        ("max-read-bytes = '1KiB'", "max_read_bytes", 1024),
        ("max_read_bytes = 5", "max_read_bytes", 5),
        ("wait = 1.5", "wait", 1.5),
        ("default-deny = false", "default_deny", False),
        ("dirs = ['a', 'b:ro']", "dirs", ["a", "b:ro"]),
        ("hosts = ['a', 'b']", "hosts", ["a", "b"]),
        ("hosts = 'a,b'", "hosts", ["a", "b"]),
        ("[max]\nread_bytes = 5", "max_read_bytes", 5),
        ("password = 'hunter22'", "password", Secret("hunter22")),
    ],
)
def test_config_keys_are_read_in_their_type(tmp_path: Path, text: str, name: str, value: Any) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(text)
    assert getattr(read_settings("--config", str(config)), name) == value


@pytest.mark.parametrize("source", ["flag", "variable", "config"])
def test_a_secret_is_read_from_the_file_that_a_source_names(tmp_path: Path, source: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter22\n")
    config = tmp_path / "settings.toml"
    config.write_text(f"password-file = '{secret}'")
    arguments = {"flag": ["--password-file", str(secret)], "config": ["--config", str(config)]}.get(source, [])
    variables = {"MCP_PASSWORD_FILE": str(secret)} if source == "variable" else {}
    assert read_settings(*arguments, **variables).password == Secret("hunter22")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--limt", "3"), "There is no option `--limt`; did you mean `--limit`?"),
        (("--zzz=3",), "There is no option `--zzz`."),
        (("--lim", "3"), "There is no option `--lim`; did you mean `--limit`?"),
        (("--limit", "3", "--limit", "3"), "`--limit` is given twice."),
        (("--default-deny", "--no-default-deny"), "`--no-default-deny` is given twice."),
        (("--limit",), "`--limit` needs a value."),
        (("--limit", "x"), "`--limit` must be a whole number, got 'x'."),
        (("--limit", "1_0"), "`--limit` must be a whole number, got '1_0'."),
        (("--limit", "9" * 99), f"`--limit` must be a whole number, got '{'9' * 80}' and 99 characters in all."),
        (("--limit", "1001"), "`--limit` must be between 1 and 1000, got 1001."),
        (("--max-read-bytes", "0"), "`--max-read-bytes` must be at least 1, got 0."),
        (
            ("--max-read-bytes", "5 apples"),
            "`--max-read-bytes` must be a number of bytes such as 262144, 256KiB or 5MiB, got '5 apples'.",
        ),
        (("--wait", "2h"), "`--wait` must be at most 3600, got 2h."),
        (("--wait", "soon"), "`--wait` must be a time such as 30, 500ms, 5m or 1h, got 'soon'."),
        (("--ratio", "half"), "`--ratio` must be a number, got 'half'."),
        (("--ratio", "nan"), "`--ratio` must be a number, got 'nan'."),
        (("--symlinks", "all"), "`--symlinks` must be inside or never, got 'all'."),
        (("--rate", "60"), "`--rate` must be a rate such as 60/min, 10/s or 1000/hour, got '60'."),
        (("--rate", "0/min"), "`--rate` must be a rate such as 60/min, 10/s or 1000/hour, got '0/min'."),
        (("--history-dir", ""), "`--history-dir` must be a path, got ''."),
        (("--no-default-deny=1",), "`--no-default-deny` takes no value."),
        (("--password", "x"), "There is no option `--password`; did you mean `--password-file`?"),
    ],
)
def test_a_bad_flag_is_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    assert complaint(*arguments) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("limitt = 3", "There is no setting `limitt`, as settings.toml has it; did you mean `limit`?"),
        ("config = 'x'\nlimit = 1001", "`limit` in settings.toml must be between 1 and 1000, got 1001."),
        ("limit = [3]", "`limit` in settings.toml takes one value, not a list."),
        ("limit = true", "`limit` in settings.toml must be text or a whole number."),
        ("limit = 1979-05-27", "`limit` in settings.toml must be text or a whole number."),
        ("symlinks = 3", "`symlinks` in settings.toml must be text."),
        ("max-read-bytes = 1\nmax_read_bytes = 2", "`max-read-bytes` is given twice in settings.toml."),
        ("default-deny = 'maybe'", "`default-deny` in settings.toml must be true or false, got 'maybe'."),
    ],
)
def test_a_bad_config_key_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(text)
    assert complaint("--config", str(config)) == sentence


def test_a_bad_variable_is_one_sentence_that_names_it() -> None:
    assert complaint(MCP_LIMIT="x") == "`MCP_LIMIT` must be a whole number, got 'x'."


def test_a_config_file_that_is_no_toml_is_one_sentence(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("limit =")
    assert complaint("--config", str(config)).startswith(f"The config file {config} is not TOML: ")
    config.write_bytes(b"\xff")
    assert complaint("--config", str(config)) == f"The config file {config} cannot be read: it is not UTF-8 text."
    config.write_text("a=" + "[" * 100_000)
    assert complaint("--config", str(config)) == f"The config file {config} is nested too deeply."
    assert "is larger than" in _too_large(config)
    config.unlink()
    assert complaint("--config", str(config)) == f"The config file {config} cannot be read: no such file or directory."


def _too_large(config: Path) -> str:
    config.write_text("#" * (1024 * 1024 + 1))
    return complaint("--config", str(config))


def test_a_file_of_secrets_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    missing = complaint("--password-file", str(secret))
    assert missing == "`--password-file` names a file that cannot be read: no such file or directory."
    secret.write_text("\n")
    assert complaint("--password-file", str(secret)) == "`--password-file` names a file that is empty."
    secret.write_text("x" * (64 * 1024 + 1))
    assert complaint("--password-file", str(secret)) == "`--password-file` names a file that is too large."
    assert "is a directory" in complaint("--password-file", str(tmp_path))
    assert "its name is not valid" in complaint("--password-file", "a\0b")


def test_a_secret_may_come_through_a_pipe() -> None:
    """As from the shell's `<(command)`."""
    read, write = os.pipe()
    os.write(write, b"hunter22\n")
    os.close(write)
    try:
        assert read_settings("--password-file", f"/dev/fd/{read}").password == Secret("hunter22")
    finally:
        os.close(read)


def test_a_pipe_from_which_nothing_comes_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_ref_kit.settings.given._PATIENCE", 0)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    sentence = "`--password-file` names a file that cannot be read: nothing came from it within 0 s."
    assert complaint("--password-file", str(fifo)) == sentence


def test_a_secret_given_twice_is_refused() -> None:
    sentence = complaint(MCP_PASSWORD="a", MCP_PASSWORD_FILE="b")  # noqa: S106  not one of anybody's
    assert sentence == "`MCP_PASSWORD` and `MCP_PASSWORD_FILE` are both set; keep one of them."


def test_a_complaint_never_shows_a_secret() -> None:
    class Long(Struct):
        token: Annotated[Secret | None, Meta(min_length=16)] = None

    with pytest.raises(SettingsError) as caught:
        load(fields_of(Long), {}, {"MCP_TOKEN": "hunter22"})
    assert str(caught.value) == "The length of `MCP_TOKEN` must be at least 16, got 8."


def test_words_that_no_setting_takes_are_refused() -> None:
    class Nothing(Struct):
        pass

    class One(Struct):
        path: Annotated[str, setting(positional=True, metavar="PATH")]

    assert parse(fields_of(Nothing).values(), []) == {}
    for settings, arguments in ((Nothing, ["word"]), (One, ["a", "word"])):
        with pytest.raises(SettingsError, match=r"^`word` is an argument too many\.$"):
            parse(fields_of(settings).values(), arguments)
    with pytest.raises(SettingsError, match=r"^`PATH` is missing\.$"):
        load(fields_of(One), {}, {})
    assert load(fields_of(One), parse(fields_of(One).values(), ["a"]), {}).into(One) == One("a")


def test_a_required_setting_without_a_value_is_refused() -> None:
    class Needs(Struct):
        database: Path

    with pytest.raises(SettingsError, match=r"^`--database` is missing\.$"):
        load(fields_of(Needs), {}, {})


def test_a_server_gives_a_common_setting_its_own_default_and_sees_its_value() -> None:
    class Own(Struct, frozen=True):
        mode: Literal["read-only", "read-write", "admin"] = "read-write"

    found = load(merge(fields_of(CommonSettings), fields_of(Own)), {}, {})
    assert found.into(Own).mode == "read-write"
    assert found.into(CommonSettings).mode == "read-write"


def test_a_settings_class_that_cannot_work_fails_when_it_is_read() -> None:
    class Wrong(Struct):
        table: dict[str, str] = {}

    class Either(Struct):
        value: int | str = 1

    class Strict(Struct):
        count: Annotated[int, Meta(gt=0)] = 1

    class Other(Struct):
        port: str = ""

    class Second(Struct):
        words: Annotated[list[str], setting(positional=True)] = []

    with pytest.raises(TypeError, match=r"Wrong\.table: a setting cannot have the type"):
        fields_of(Wrong)
    with pytest.raises(TypeError, match=r"Either\.value: a setting cannot have the type"):
        fields_of(Either)
    with pytest.raises(TypeError, match=r"Strict\.count: .* not by gt"):
        fields_of(Strict)
    with pytest.raises(TypeError, match="'port' is a common one"):
        merge(fields_of(CommonSettings), fields_of(Other))
    with pytest.raises(TypeError, match="only one setting can be positional"):
        merge(FIELDS, fields_of(Second))


def test_a_rate_is_written_as_it_is_read() -> None:
    assert [str(Rate.parse(text)) for text in ("60/min", "10/s", " 5 / hour ")] == ["60/min", "10/s", "5/hour"]


def test_a_secret_shows_itself_to_no_one() -> None:
    secret = Secret("hunter22")
    shown = f"{secret} {secret!r} {secret!s:>10} {[secret]}"
    assert "hunter22" not in shown
    assert secret.reveal() == "hunter22"
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)
    with pytest.raises(TypeError, match="not pickled"):
        secret.__reduce__()
    assert secret != secret.reveal()
    assert len({secret, Secret("hunter22"), Secret("other")}) == 2

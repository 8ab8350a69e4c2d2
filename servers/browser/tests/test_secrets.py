"""The operator's secrets: typed where they belong, shown nowhere."""

import base64
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.errors import SettingsError
from mcp_ref_browser.setup.vault import read_vault

Browse = Any
Site = Any
VALUE = "s3cr3t & välue/9"


@pytest.fixture
def secrets(tmp_path: Path, site: Site) -> Path:
    path = tmp_path / "secrets.toml"
    path.write_text(
        f'[LOGIN]\nvalue = "{VALUE}"\norigins = ["{site.url}"]\n'
        '[ELSEWHERE]\nvalue = "other value"\norigins = ["https://example.com"]\n'
    )
    return path


async def test_a_secret_is_typed_and_shown_nowhere(browse: Browse, site: Site, ok: Any, secrets: Path) -> None:
    """Case 28."""
    leak = """() => { const v = document.querySelector('[name=u]').value; console.log('it is ' + v);
      return [v, encodeURIComponent(v), btoa(unescape(encodeURIComponent('user:' + v))), JSON.stringify({v})]; }"""
    async with browse(secrets=secrets) as client:
        answers = [ok(await client.call("browser_navigate", url=f"{site.url}/post"))]
        answers.append(ok(await client.call("browser_type", target="[name=u]", text="secret:LOGIN", snapshot="full")))
        answers.append(ok(await client.call("browser_evaluate", function=leak)))
        answers.append(ok(await client.call("browser_console_messages")))
        answers.append(ok(await client.call("browser_get_html")))
        answers.append(ok(await client.call("browser_type", target="[name=password]", text="x", submit=True)))
        requests = ok(await client.call("browser_network_requests"))
        number = requests.data["result"]["entries"][-1]["id"]
        answers.append(ok(await client.call("browser_network_request", index=number)))
        handle = answers[0].data["session"]
        contents = [
            *(await client.read(f"browser://{handle}/tabs/t1/console")),
            *(await client.read(f"browser://{handle}/tabs/t1/network/{number}/all")),
            *(await client.read(f"browser://{handle}/tabs/t1/snapshot")),
        ]
    told = str([one.raw for one in answers]) + str(contents)
    assert b"s3cr3t+%26+v%C3%A4lue%2F9" in site.posts[-1][1]
    assert VALUE not in told
    assert "s3cr3t" not in told
    assert base64.b64encode(VALUE.encode()).decode()[4:20] not in told
    assert "<secret>LOGIN</secret>" in answers[1].text
    assert "it is <secret>LOGIN</secret>" in answers[3].text


async def test_no_error_shows_what_was_typed(browse: Browse, site: Site, ok: Any, secrets: Path) -> None:
    """Case 28: whatever a page has an error say."""
    make = """() => { const s = document.createElement('select'); s.id = 's'; document.body.append(s);
      for (const e of document.querySelectorAll('input')) s.add(new Option(e.value)); }"""
    async with browse(secrets=secrets, snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/post"))
        ok(await client.call("browser_type", target="[name=u]", text="secret:LOGIN"))
        ok(await client.call("browser_type", target="[name=password]", text="open sesame"))
        ok(await client.call("browser_evaluate", function=make))
        thrown = "() => { throw new Error([...document.querySelectorAll('input')].map(e => e.value).join()) }"
        errors = [
            await client.call("browser_evaluate", function=thrown),
            await client.call("browser_select_option", target="#s", values=["none"]),
            await client.call("browser_wait_for", text=VALUE, timeoutMs=100),
        ]
    told = str([one.raw for one in errors])
    assert [one.is_error for one in errors] == [True] * 3
    assert "s3cr3t" not in told
    assert "open sesame" not in told
    assert "<secret>LOGIN</secret>" in errors[0].text
    assert "<secret>password</secret>" in errors[1].text


async def test_a_secret_of_another_origin_and_an_unknown_one_are_denied(
    browse: Browse, site: Site, ok: Any, secrets: Path
) -> None:
    """Case 28."""
    async with browse(secrets=secrets) as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/post"))
        other = await client.call("browser_type", target="[name=u]", text="secret:ELSEWHERE")
        unknown = await client.call("browser_type", target="[name=u]", text="secret:NOBODY")
        filled = await client.call(
            "browser_fill_form", fields=[{"target": "[name=u]", "type": "textbox", "value": "secret:ELSEWHERE"}]
        )
        value = ok(await client.call("browser_evaluate", function="() => document.querySelector('[name=u]').value"))
    assert (other.error_code, unknown.error_code, filled.error_code) == ("secret_denied",) * 3
    assert other.text == unknown.text
    assert value.data["result"] == ""


async def test_a_secret_is_judged_by_the_frames_own_origin(
    browse: Browse, site: Site, other: Site, ok: Any, secrets: Path
) -> None:
    script = f"""() => new Promise(done => {{ const f = document.createElement('iframe'); f.onload = done;
      f.src = '{other.url}/post'; document.body.append(f); }})"""
    async with browse(secrets=secrets, allowed_origins=[site.url, other.url], snapshot="full") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        await client.call("browser_evaluate", function=script)
        page = ok(await client.call("browser_snapshot"))
        ref = page.text.split('textbox "User" [ref=')[1].split("]")[0]
        result = await client.call("browser_type", target=ref, text="secret:LOGIN")
    assert ref.startswith("f")
    assert result.error_code == "secret_denied"


async def test_without_secrets_the_words_are_typed_as_they_are(browse: Browse, site: Site, ok: Any) -> None:
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/post"))
        result = ok(await client.call("browser_type", target="[name=u]", text="secret:LOGIN", snapshot="full"))
    assert "secret:LOGIN" in result.text


async def test_recordings_and_typed_secrets_exclude_each_other(
    browse: Browse, site: Site, ok: Any, secrets: Path
) -> None:
    for reveal, codes in ((False, ("secret_denied", "secret_denied")), (True, (None, None))):
        async with browse(secrets=secrets, allow_reveal=reveal, snapshot="none") as client:
            ok(await client.call("browser_navigate", url=f"{site.url}/post"))
            ok(await client.call("browser_start_tracing"))
            during = await client.call("browser_type", target="[name=u]", text="secret:LOGIN")
            ok(await client.call("browser_stop_tracing"))
            ok(await client.call("browser_type", target="[name=u]", text="secret:LOGIN"))
            after = await client.call("browser_start_tracing")
        assert (during.error_code, after.error_code) == codes


async def test_a_picture_does_not_show_a_secret(browse: Browse, site: Site, ok: Any, secrets: Path) -> None:
    """The picture is the same whatever is typed, also when the page has put another field in the place of the first."""
    anew = """() => { const i = document.querySelector('[name=u]'); const made = i.cloneNode(); made.value = i.value;
      i.replaceWith(made); }"""
    look = """() => {
      const i = document.querySelector('[name=u]');
      return [i.getAttribute('style'), i.hasAttribute('data-mcp-style'), getComputedStyle(i).color]; }"""
    same = "text => { const i = document.querySelector('[name=u]'); i.value = text; i.blur() }"
    async with browse(secrets=secrets, snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/post"))
        shot = {"target": "[name=u]"}
        empty = ok(await client.call("browser_take_screenshot", **shot))
        ok(await client.call("browser_type", target="[name=u]", text="secret:LOGIN"))
        ok(await client.call("browser_press_key", key="Tab"))
        hidden = ok(await client.call("browser_take_screenshot", **shot))
        ok(await client.call("browser_evaluate", function=anew))
        again = ok(await client.call("browser_take_screenshot", **shot))
        style = ok(await client.call("browser_evaluate", function=look))
        ok(await client.call("browser_evaluate", function=f"() => ({same})('plain words')"))
        plain = ok(await client.call("browser_take_screenshot", **shot))
    images = [
        next(one["data"] for one in result.raw["content"] if one["type"] == "image")
        for result in (empty, hidden, again, plain)
    ]
    assert images[0] == images[1] == images[2] != images[3]
    assert style.data["result"] == [None, False, "rgb(0, 0, 0)"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[A]\nvalue = "short"\norigins = ["https://a.example"]', "at least 6"),
        ('[A]\nvalue = "long enough"', "needs `origins`"),
        ('[A]\nvalue = "long enough"\norigins = ["https://"]', "no origin"),
        ("[A", "cannot be read"),
    ],
)
def test_a_bad_secret_is_a_bad_setting(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=words):
        read_vault(path)

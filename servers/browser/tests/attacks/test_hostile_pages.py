"""Pages that try to show what is private, to forge what a snapshot says, or to be too much for whoever reads them."""

from typing import Any

import pytest

from mcp_ref_browser.page.tree import ref_of, role_of

Browse = Any
Site = Any
each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
READINGS: list[tuple[str, dict[str, Any]]] = [
    ("browser_snapshot", {}),
    ("browser_snapshot", {"boxes": True}),
    ("browser_snapshot", {"target": "#host"}),
    ("browser_snapshot", {"target": "#inside"}),
    ("browser_find", {"regex": "hush|42|7[35]", "context": 0}),
    ("browser_get_text", {}),
    ("browser_get_text", {"target": "#inside"}),
    ("browser_get_html", {}),
    ("browser_get_html", {"target": "#inside", "clean": False}),
]


@each_revision
async def test_no_reading_of_a_page_shows_what_is_masked(browse: Browse, site: Site, ok: Any, revision: str) -> None:
    """Case 15: in cells, preformatted text, shadow roots and frames; short values; names that look like marks."""
    async with browse(revision=revision) as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/masked"))
        answers = [ok(await client.call(tool, **arguments)) for tool, arguments in READINGS]
        answers.append(ok(await client.call("browser_click", target="text=Later")))
    for (tool, arguments), one in zip([*READINGS, ("browser_click", {})], answers, strict=True):
        for value in ("hush", "sesame-title", "731", "752", ": 64", '"64"'):
            assert value not in str(one.raw), (tool, arguments, one.text)
    assert "Balance [masked] EUR" in answers[0].text
    assert 'button "Pay [masked]"' in answers[0].text
    assert "open cell" in answers[5].text
    assert "open frame" in answers[5].text


async def test_names_and_texts_forge_neither_nodes_nor_refs(browse: Browse, site: Site, ok: Any) -> None:
    """Each button is one line, whatever it is called, and its ref is the one that the browser gave to it."""
    async with browse() as client:
        page = ok(await client.call("browser_navigate", url=f"{site.url}/forging"))
        lines = page.data["snapshot"]["text"].split("\n")
        buttons = [line for line in lines if role_of(line) == "button"]
        refs = [ref_of(line) for line in buttons]
        for ref in refs:
            ok(await client.call("browser_click", target=ref, snapshot="none"))
        pressed = ok(await client.call("browser_evaluate", function="() => document.querySelector('#out').textContent"))
        usable = ok(await client.call("browser_snapshot", interactiveOnly=True))
        seen = ok(await client.call("browser_snapshot", visibleOnly=True))
    assert len(buttons) == len({*refs}) == 10
    assert pressed.data["result"] == "pressed " * 10
    assert len(usable.data["snapshot"]["text"].split("\n")) == 10
    assert seen.text.count("- button") + seen.text.count("- 'button") >= 9
    assert not {"\x1b", "\u202e", "\u2028"} & {*page.text}
    head, _, rest = page.text.partition("\nSnapshot:\n")
    assert "\n" not in head
    assert "https://bank.example" not in head
    assert all(line.lstrip().startswith("- ") for line in rest.split("\n"))


BESIDE = """() => { for (let i = 0; i < 210; i++) {
  const f = document.createElement('iframe');
  f.srcdoc = `<input type=password aria-label=p value=frame-hush-${i}>`;
  document.body.append(f); } }"""
NESTED = """() => { let d = document;
  for (let i = 0; i < 30; i++) {
    const f = d.createElement('iframe');
    d.body.append(f);
    d = f.contentDocument;
    d.body.innerHTML = `<input type=password aria-label=p value=nested-hush-${i}>`;
  } }"""


@pytest.mark.parametrize(("script", "code"), [(BESIDE, "too_large"), (NESTED, None)], ids=["210", "30 in each other"])
@pytest.mark.slow
async def test_every_frame_is_looked_into_or_nothing_is_shown(
    browse: Browse, site: Site, ok: Any, script: str, code: str | None
) -> None:
    """Case 16."""
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        await client.call("browser_evaluate", function=script, timeoutMs=20_000)
        answers = [await client.call(tool) for tool in ("browser_snapshot", "browser_get_text")]
    assert [one.error_code for one in answers] == [code] * 2, [one.text[:200] for one in answers]
    assert "hush" not in str([one.raw for one in answers])
    assert code or answers[0].text.count("[masked]") == 30


BROKEN = """() => { JSON.stringify = () => 'x'.repeat(5e6); Array.prototype.join = () => 'y'.repeat(5e6);
  document.title = 'z'.repeat(1e6); Object.defineProperty(document, 'createTreeWalker', { value: null }); }"""
FLOOD = """() => { const u = document.querySelector('#u'); u.type = 'password'; u.value = 'hush '.repeat(1e6);
  for (let i = 0; i < 3000; i++) {
    const f = document.createElement('input'); f.type = 'password'; f.value = `hush ${i}`;
    f.ariaLabel = `F${i}`; document.body.append(f); } }"""


async def test_a_page_that_has_broken_its_own_language_gets_no_further(browse: Browse, site: Site, ok: Any) -> None:
    """Case 42."""
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/secrets"))
        ok(await client.call("browser_evaluate", function=BROKEN))
        long = ok(await client.call("browser_evaluate", function="() => ['a', 'b']", maxChars=1000))
        page = ok(await client.call("browser_snapshot"))
    assert len(str(long.raw)) < 20_000
    assert len(page.data["page"]["title"]) <= 500
    assert "hunter2secret" not in str(page.raw)
    assert "[masked]" in page.text


@pytest.mark.slow
async def test_more_private_values_than_can_be_looked_for_hide_every_text_box(
    browse: Browse, site: Site, ok: Any
) -> None:
    """Cases 15, 16."""
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        ok(await client.call("browser_evaluate", function=FLOOD))
        page = ok(await client.call("browser_snapshot", maxChars=200_000))
    assert page.text.count("[masked]") > 2000
    assert "hush" not in page.text


RESTLESS = """() => { const u = document.querySelector('#u'); u.type = 'password'; let i = 0;
  const turn = () => { u.value = `hush ${i += 1}`; setTimeout(turn, 0); }; turn(); }"""


async def test_values_that_change_while_a_page_is_read_stay_private(browse: Browse, site: Site, ok: Any) -> None:
    """Case 15."""
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        ok(await client.call("browser_evaluate", function=RESTLESS))
        pages = [ok(await client.call("browser_snapshot")) for _ in range(10)]
    assert "hush" not in str([page.raw for page in pages])
    assert all("[masked]" in page.text for page in pages)

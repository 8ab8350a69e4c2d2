"""Lists and fields as pages really have them: huge, late, drawn by the page, particular about what they take."""

from typing import Any

Browse = Any
Site = Any
REFUSED = (
    ("#date", "textbox", "29.02.2024", "as YYYY-MM-DD"),
    ("#date", "textbox", "2023-02-29", "as YYYY-MM-DD"),
    ("#color", "textbox", "red", "as #rrggbb"),
    ("#week", "textbox", "9", "as YYYY-Www"),
    ("#count", "textbox", "many", "a number"),
    ("#range", "slider", "11", "a number from 0 to 10"),
    ("#range", "slider", "-1", "a number from 0 to 10"),
    ("#range", "slider", "abc", "a number from 0 to 10"),
    ("#own", "slider", "5", "browser_press_key"),
    ("#box", "checkbox", "perhaps", "true or false"),
    ("#radio", "radio", "false", "another one of its group"),
)


async def chosen(client: Any, target: str, *values: str) -> Any:
    return await client.call("browser_select_option", target=target, values=list(values), snapshot="none")


async def filled(client: Any, target: str, kind: str, value: str) -> Any:
    fields = [{"target": target, "type": kind, "value": value}]
    return await client.call("browser_fill_form", fields=fields, snapshot="none")


async def value_of(client: Any, expression: str) -> Any:
    return (await client.call("browser_evaluate", function=f"() => {expression}")).data["result"]


async def test_a_list_of_ten_thousand_options_is_known_to_its_end(browse: Browse, site: Site, ok: Any) -> None:
    """Case 8."""
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/lists#huge", snapshot="none"))
        last = ok(await chosen(client, "#huge", "Option 9999"))
        wrong = await chosen(client, "#huge", "Option 10000")
        empty = await chosen(client, "#empty", "any")
    assert last.data["result"]["selected"] == ["v9999"]
    assert wrong.error_code == "invalid_argument"
    assert "'Option 39' and 9960 more" in wrong.text
    assert "the list is empty" in empty.text


async def test_options_may_come_late_be_named_with_blanks_and_be_meant_by_a_label(
    browse: Browse, site: Site, ok: Any
) -> None:
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/lists", snapshot="none"))
        await client.call("browser_evaluate", function="() => late.focus()")
        late = ok(await chosen(client, "#late", "there now"))
        blanks = ok(await chosen(client, "#one", "a b"))
        labelled = ok(await chosen(client, "#named", "none"))
        locked = await chosen(client, "#one", "locked")
        two = await chosen(client, "#one", "a b", "none")
    assert [one.data["result"]["selected"] for one in (late, blanks, labelled)] == [["there now"], ["a b"], [""]]
    assert "'locked' is disabled" in locked.text
    assert "takes one option, got 2" in two.text


async def test_lists_that_a_page_draws_are_chosen_from_like_others(browse: Browse, site: Site, ok: Any) -> None:
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/lists", snapshot="none"))
        ok(await filled(client, "#leaf", "combobox", "leek"))
        ok(await chosen(client, "#town", "Bonn"))
        ok(await chosen(client, "#fruit", "pear"))
        wrong = await chosen(client, "#leaf", "beet")
        none = await chosen(client, "#named >> nth=0", "a b")
        nothing = await chosen(client, "body", "a")
        values = await value_of(client, "[leaf.textContent, town.value, fruit.value]")
    assert values == ["leek", "Bonn!", "pear"]
    assert wrong.error_code == "invalid_argument"
    assert "it shows 'leek', 'kale'" in wrong.text
    assert not none.is_error
    assert nothing.error_code == "unsupported"


async def test_a_field_that_does_not_take_a_value_says_what_it_takes_and_keeps_what_it_had(
    browse: Browse, site: Site, ok: Any
) -> None:
    held = "[...document.querySelectorAll('input')].map(e => e.value + e.checked)"
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/fields", snapshot="none"))
        before = await value_of(client, held)
        for target, kind, value, says in REFUSED:
            refused = await filled(client, target, kind, value)
            assert refused.error_code in {"invalid_argument", "unsupported"}, (target, value)
            assert says in refused.text
        after = await value_of(client, held)
    assert after == before


async def test_fields_take_what_is_meant_for_them(browse: Browse, site: Site, ok: Any) -> None:
    given = [("#date", "textbox", "2024-02-29"), ("#color", "textbox", "#00FF00"), ("#range", "slider", "7.0")]
    given += [
        ("#range", "slider", "0"),
        ("#range", "slider", "10"),
        ("#box", "checkbox", "On"),
        ("#drawn", "checkbox", "1"),
    ]
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/fields", snapshot="none"))
        for one in given:
            ok(await filled(client, *one))
        values = await value_of(client, "[date.value, color.value, range.value, box.checked, drawn.ariaChecked]")
        ok(await client.call("browser_type", target="#date", text="03152025", slowly=True))
        pressed = await value_of(client, "date.value")
    assert values == ["2024-02-29", "#00ff00", "10", True, "true"]
    assert pressed == "2025-03-15"


async def test_text_is_added_at_the_end_of_whatever_holds_it(browse: Browse, site: Site, ok: Any) -> None:
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/fields"))
        ok(await client.call("browser_click", target="#text", position={"x": 3, "y": 3}))
        for target, text in (("#text", "!"), ("#mail", "om"), ("#count", "3"), ("#rich", "c")):
            ok(await client.call("browser_type", target=target, text=text, clear=False))
        values = await value_of(client, "[text.value, mail.value, count.value, rich.innerText]")
    assert values == ["one\ntwo!", "a@b.com", "123", "a\n\nbc"]


async def test_any_script_and_any_spelling_of_a_key_reach_the_page(browse: Browse, site: Site, ok: Any) -> None:
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/fields"))
        ok(await client.call("browser_type", target="#rtl", text="مرحبا 👩‍👩‍👧", slowly=True))
        ok(await client.call("browser_press_key", key="é", target="#rtl"))
        typed = await value_of(client, "rtl.value")
        ok(await client.call("browser_evaluate", function="() => { keys.textContent = '' }"))
        for key in ("ctrl+k", "esc", "Return", "Control++"):
            ok(await client.call("browser_press_key", key=key, target="#rtl"))
        pressed = await value_of(client, "keys.textContent")
        wrong = await client.call("browser_press_key", key="Ctrl+nothing")
    assert typed == "مرحبا 👩‍👩‍👧é"
    assert pressed == "C-Control C-k Escape Enter C-Control C-+ "
    assert wrong.error_code == "invalid_argument"


async def test_a_password_typed_by_way_of_its_label_is_shown_no_more(browse: Browse, site: Site, ok: Any) -> None:
    """Case 15."""
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/fields"))
        typed = ok(await client.call("browser_type", target="#behind", text="open sesame"))
        held = ok(await client.call("browser_evaluate", function="() => code.value"))
    assert "open sesame" not in typed.text + held.text
    assert held.data["result"] == "<secret>password</secret>"


async def test_an_element_of_another_kind_says_what_it_is_not(browse: Browse, site: Site, ok: Any) -> None:
    calls: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("type", {"target": "h1", "text": "x"}, "no field for text"),
        ("type", {"target": "#box", "text": "x"}, "browser_check is for boxes"),
        ("check", {"target": "#text"}, "no checkbox or radio button"),
        ("file_upload", {"target": "h1", "paths": []}, "no field for files"),
        ("select_option", {"target": "h1", "values": ["x"]}, "no list of options"),
    )
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/fields"))
        for tool, arguments, says in calls:
            refused = await client.call(f"browser_{tool}", **arguments)
            assert (refused.error_code, says in refused.text) == ("unsupported", True), refused.text


async def test_a_page_that_lies_to_whoever_asks_it_gets_an_error_of_the_call(
    browse: Browse, site: Site, ok: Any
) -> None:
    lie = "() => { Element.prototype.matches = () => { throw 1 }; Array.prototype.filter = () => 7; }"
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/lists"))
        ok(await client.call("browser_evaluate", function=lie))
        chosen_there = await chosen(client, "#one", "a b")
        typed = await client.call("browser_type", target="#town", text="x")
        ok(await client.call("browser_navigate", url=f"{site.url}/fields"))
        ok(await client.call("browser_evaluate", function="() => { innerWidth = 'wide'; Math.round = () => ({}); }"))
        picture = await client.call("browser_take_screenshot")
        look = await client.call("browser_snapshot", visibleOnly=True)
        after = ok(await client.call("browser_navigate", url=f"{site.url}/fields", snapshot="full"))
    assert picture.error_code == "failed"
    assert look.error_code in {None, "failed"}
    assert chosen_there.is_error
    assert typed.is_error
    assert "textbox" in after.text

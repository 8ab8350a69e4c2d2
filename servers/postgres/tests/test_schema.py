"""Tools that show what is in a database."""

from typing import Any

import pytest

each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


@each_revision
async def test_schemas_are_listed_with_their_tables(client: Any, revision: str) -> None:
    async with client(revision=revision) as c:
        usual = await c.call("list_schemas")
        system = await c.call("list_schemas", include_system=True)
    assert [(each["name"], each["tables"]) for each in usual.data["schemas"]] == [("public", 3), ("shop", 1)]
    assert "pg_catalog" in [each["name"] for each in system.data["schemas"]]


@each_revision
async def test_objects_are_listed_in_pages_by_name(client: Any, revision: str) -> None:
    names: list[str] = []
    async with client(revision=revision) as c:
        cursor: dict[str, str] = {}
        while True:
            page = await c.call("list_objects", limit=2, **cursor)
            names += [f"{each['schema']}.{each['name']} {each['type']}" for each in page.data["objects"]]
            if page.data["next_cursor"] is None:
                break
            cursor = {"cursor": page.data["next_cursor"]}
    assert names == [
        "public.loud view",
        "public.notes table",
        "public.select table",
        "public.t table",
        "shop.orders table",
    ]


async def test_every_kind_of_object_is_listed(client: Any, engine: Any, fresh: str) -> None:
    await engine.run(
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; CREATE TABLE p (a int) PARTITION BY RANGE (a);"
        " CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);"
        " CREATE PROCEDURE proc() LANGUAGE sql AS 'SELECT 1'; CREATE DOMAIN d AS int;"
        " CREATE FUNCTION trig() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        " CREATE TRIGGER watch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION trig();"
        " ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON t USING (true);"
        " CREATE PUBLICATION pub FOR TABLE t",
        fresh,
    )
    every = {
        "table": "t",
        "view": "loud",
        "matview": "m",
        "partitioned": "p",
        "sequence": "notes_id_seq",
        "index": "notes_by_written",
        "function": "reading()",
        "procedure": "proc()",
        "type": "d",
        "enum": "mood",
        "extension": "plpgsql",
        "trigger": "t.watch",
        "policy": "t.mine",
        "publication": "pub",
    }
    async with client(database=fresh) as c:
        for kind, name in every.items():
            found = await c.call("list_objects", types=[kind], detail="full")
            assert {each["type"] for each in found.data["objects"]} == {kind}
            assert name in [each["name"] for each in found.data["objects"]], kind
        parted = await c.call("describe_object", name="p")
        child = await c.call("describe_object", name="p1", include=["ddl"])
        table = await c.call("describe_object", name="t", include=["triggers", "policies"])
    assert parted.data["partitions"][0]["name"] == "public.p1"
    assert "PARTITION BY RANGE" in parted.data["ddl"]
    assert "PARTITION OF public.p FOR VALUES FROM (0) TO (10)" in child.data["ddl"]
    assert table.data["triggers"][0]["name"] == "watch"
    assert table.data["policies"][0]["name"] == "mine"


@pytest.mark.parametrize(("pattern", "names"), [("n*", ["notes"]), ("?", ["t"]), ("%", []), ("no_es", [])])
async def test_a_pattern_is_a_glob(client: Any, pattern: str, names: list[str]) -> None:
    async with client() as c:
        result = await c.call("list_objects", pattern=pattern)
    assert [each["name"] for each in result.data["objects"]] == names


async def test_hidden_schemas_look_like_missing_ones(client: Any) -> None:
    async with client(schemas=["public"]) as c:
        listed = await c.call("list_objects", schema="shop")
        hidden = await c.call("describe_object", name="shop.orders")
        missing = await c.call("describe_object", name="shop.nosuch")
        found = await c.call("search_schema", text="orders")
    assert listed.data["objects"] == []
    assert hidden.error_code == missing.error_code == "not_found"
    assert [each for each in found.data["matches"] if each["schema"] == "shop"] == []


@each_revision
async def test_a_table_is_described_in_full(client: Any, revision: str) -> None:
    parts = ["columns", "constraints", "indexes", "triggers", "policies", "partitions", "stats", "ddl", "sample"]
    async with client(revision=revision) as c:
        found = (await c.call("describe_object", name="notes", include=parts, sample_rows=1)).data
    columns = {each["name"]: each for each in found["columns"]}
    assert columns["id"]["identity"] == "always"
    assert columns["mood"]["enum_values"] == ["sad", "fine"]
    assert columns["body"]["description"] == "The words of the note"
    assert columns["upper_body"]["generated"] == "upper(body)"
    assert found["primary_key"] == ["id"]
    assert found["foreign_keys"][0]["references"] == "public.t"
    assert found["checks"][0]["definition"].startswith("CHECK")
    assert [each["name"] for each in found["indexes"]] == ["notes_pkey", "notes_by_written"]
    assert found["description"] == "What somebody wrote about a row of t"
    assert found["sample"]["row_count"] == 1
    assert found["sample"]["rows"][0][3] == "first"


async def test_the_sql_of_a_table_makes_the_same_table(client: Any, engine: Any, fresh: str) -> None:
    async with client(database=fresh) as c:
        before = (await c.call("describe_object", name="notes", include=["ddl", "columns", "constraints"])).data
        await engine.run("DROP TABLE notes", fresh)
        await engine.run(before["ddl"], fresh)
        after = (await c.call("describe_object", name="notes", include=["ddl", "columns", "constraints"])).data
    assert after["ddl"] == before["ddl"]
    assert after["foreign_keys"] == before["foreign_keys"]


@pytest.mark.parametrize(
    ("name", "kind", "holds"),
    [
        ("loud", "view", "CREATE VIEW"),
        ("mood", "enum", "ENUM ('sad', 'fine')"),
        ("reading", "function", "plpgsql"),
        ("reading()", "function", "plpgsql"),
        ("notes_by_written", "index", "CREATE INDEX"),
        ("notes_id_seq", "sequence", "CREATE SEQUENCE"),
        ('"select"', "table", "CREATE TABLE"),
        ("SHOP.Orders", "table", "CREATE TABLE"),
        ('public."t"', "table", "CREATE TABLE"),
    ],
)
async def test_other_objects_are_described_too(client: Any, name: str, kind: str, holds: str) -> None:
    async with client() as c:
        found = await c.call("describe_object", name=name)
    assert found.data["type"] == kind
    assert holds in found.data["ddl"]


async def test_a_name_in_two_schemas_lists_the_candidates(client: Any, engine: Any, fresh: str) -> None:
    await engine.run("CREATE TABLE shop.t (a int)", fresh)
    async with client(database=fresh) as c:
        result = await c.call("describe_object", name="t")
        named = await c.call("describe_object", name="shop.t")
    assert result.error_code == "invalid_argument"
    assert result.text.index("public.t") < result.text.index("shop.t")
    assert named.data["schema"] == "shop"


@pytest.mark.parametrize("name", ["", ".", "a.b.c.d", '"open', '"a"b', "x" * 300])
async def test_what_is_no_name_is_refused(client: Any, name: str) -> None:
    async with client() as c:
        result = await c.call("describe_object", name=name)
    assert result.error_code == "invalid_argument"


async def test_a_name_that_is_missing_is_told_what_is_near(client: Any) -> None:
    async with client() as c:
        result = await c.call("describe_object", name="public.note")
    assert result.error_code == "not_found"
    assert "public.notes" in result.text


@each_revision
async def test_words_find_names_and_comments(client: Any, revision: str) -> None:
    async with client(revision=revision) as c:
        by_name = await c.call("search_schema", text="customer", limit=1)
        by_comment = await c.call("search_schema", text="somebody wrote", limit=1)
        nothing = await c.call("search_schema", text="zzzqqq")
    [first] = by_name.data["matches"]
    assert (first["kind"], first["name"], first["column"]) == ("column", "orders", "customer")
    assert by_comment.data["matches"][0]["name"] == "notes"
    assert nothing.data["matches"] == []


async def test_a_name_that_is_sql_stays_a_name(client: Any, engine: Any, fresh: str) -> None:
    await engine.run('CREATE TABLE "x"";drop table t;--" (a int)', fresh)
    async with client(database=fresh) as c:
        found = await c.call("describe_object", name='"x"";drop table t;--"', include=["columns", "sample", "ddl"])
        attack = await c.call("describe_object", name="t; drop table t; --")
    assert found.data["columns"][0]["name"] == "a"
    assert attack.error_code == "not_found"
    assert await engine.value("SELECT count(*) FROM t", fresh) == 1000

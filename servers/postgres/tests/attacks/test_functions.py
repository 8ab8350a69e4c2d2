"""Functions that reach out of a read-only transaction, in every way that a statement can call one."""

from typing import Any

import pytest

CONTENT = "root:x:0"
FILE = "'/etc/passwd'"
# P4: the places where a function can stand, and the ways to write its name.
PLACES = [
    "select pg_read_file({f})",
    "select * from pg_read_file({f})",
    "select * from pg_read_file({f}) as a, generate_series(1, 2)",
    "values (pg_read_file({f}))",
    "select * from rows from (pg_read_file({f}), generate_series(1, 2)) x",
    "select * from t, lateral pg_read_file({f}) x limit 1",
    "select 1 order by pg_read_file({f})",
    "select (array[1])[length(pg_read_file({f}))]",
    "select count(*) filter (where pg_read_file({f}) <> '') from t",
    "with a as (select pg_read_file({f})) select * from a",
    "select case when true then pg_read_file({f}) end",
    'select pg_catalog . "pg_read_file" ({f})',
    'select "pg_catalog".pg_read_file /* x */ ({f})',
    "select PG_READ_FILE\n({f})",
    'select U&"pg\\005fread_file"({f})',
    "select U&\"pg!005fread_file\" UESCAPE '!' ({f})",
    "select pg_read_file--\n({f})",
    "select xmlserialize(content query_to_xml($q$select pg_read_file('/etc/passwd')$q$, true, false, '') as text)",
    "select * from t where v = pg_read_file({f})",
    "select sum(length(pg_read_file({f}))) over () from t limit 1",
    "select pg_read_binary_file({f})",
    "select * from pg_ls_dir('/')",
    "select * from pg_stat_file('/etc/passwd')",
    "select pg_catalog.pg_read_file({f}, 0, 100)",
]
# P5: each would leave something behind, or stop somebody.
REACHING = [
    "select lo_import('/etc/passwd')",
    "select lo_create(0)",
    "select lo_export(1, '/tmp/mcp-pwned')",
    "select pg_create_physical_replication_slot('mcp_slot')",
    "select pg_create_logical_replication_slot('mcp_slot', 'pgoutput')",
    "select pg_drop_replication_slot('mcp_slot')",
    "select dblink_exec('dbname=x', 'insert into t values (-5, ''x'')')",
    "select * from dblink('dbname=x', 'select 1') as x(a int)",
    "select pg_terminate_backend(pid) from pg_stat_activity",
    "select pg_cancel_backend(1)",
    "select set_config('statement_timeout', '0', false)",
    "select pg_advisory_lock(1)",
    "select pg_try_advisory_lock(1)",
    "select pg_advisory_xact_lock(1)",
    "select pg_stat_reset()",
    "select pg_stat_reset_shared('bgwriter')",
    "select pg_reload_conf()",
    "select pg_rotate_logfile()",
    "select pg_switch_wal()",
    "select pg_create_restore_point('x')",
    "select pg_logical_emit_message(false, 'a', 'b')",
    "select pg_notify('a', 'b')",
    "select nextval('notes_id_seq')",
    "select setval('notes_id_seq', 100)",
    "select pg_sleep(0)",
    "select pg_export_snapshot()",
    "select ts_stat('select 1')",
    "select cursor_to_xml('c', 1, true, false, '')",
    "select pg_promote()",
    "select privileged()",
]
HARMLESS = [
    "select id, row_number() over (order by id) from t limit 2",
    "select percentile_cont(0.5) within group (order by id) from t",
    "select count(*) from t where v ilike '%' || v || '%'",
    "select * from generate_series(1, 3)",
    "select random() < 2",
    "select gen_random_uuid() is not null",
    "select jsonb_path_query('[1, 2]', '$[*]')",
    "select pg_total_relation_size('t') > 0",
    "select count(*) from t tablesample system (10)",
    'select * from "select"',
    "select 'commit; drop table t'",
    "select reading()",
    "select now() > timestamp '2024-01-01', clock_timestamp() is not null",
    "select current_setting('work_mem')",
    "select string_agg(v, ',' order by id) from t where id < 3",
    "select extract(year from date '2024-01-01'), substring('abc' from 2), trim(both from ' x ')",
    "select overlay('abc' placing 'x' from 2), position('a' in 'ba')",
    "select coalesce(null, greatest(1, 2)), nullif(1, 2), cast('1' as numeric(10, 2))",
    "select * from t where id in (select id from t where id < 3)",
    "select json_build_object('a', 1), to_json(t) from t limit 1",
    "with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) select * from r",
    "select pg_get_viewdef('loud'::regclass)",
    "select relname from pg_class limit 1",
    "table t",
    "(select 1) union (select 2)",
    "values (1, 'a'), (2, 'b')",
]


@pytest.mark.parametrize("user", ["mcp_ro", "mcp_boss"])
async def test_postgres_function_in_from(client: Any, user: str) -> None:
    """P4: postgres-mcp #178, awslabs #4575, GHSA-65hm-pwj5-73pw."""
    async with client(user=user, allow_superuser=user == "mcp_boss") as c:
        for place in PLACES:
            result = await c.call("query", sql=place.format(f=FILE))
            assert result.error_code == "permission", (place, result.text)
            assert CONTENT not in result.text
            for tool in ("explain", "export_query"):
                other = await c.call(tool, sql=place.format(f=FILE))
                assert other.error_code == "permission", (tool, place, other.text)
                assert CONTENT not in other.text


@pytest.mark.parametrize("user", ["mcp_ro", "mcp_boss"])
async def test_functions_that_leave_something_behind_are_refused(
    client: Any, engine: Any, fresh: str, user: str
) -> None:
    """P5: no slot, row, statistic, lock or number is other than before."""
    watched = (
        "SELECT (SELECT count(*) FROM pg_replication_slots) || ' ' || (SELECT count(*) FROM pg_largeobject_metadata)"
        " || ' ' || (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') || ' ' || (SELECT count(*) FROM t)"
        " || ' ' || (SELECT last_value FROM notes_id_seq)"
    )
    before = await engine.value(watched, fresh)
    async with client(user=user, database=fresh, allow_superuser=user == "mcp_boss") as c:
        for statement in REACHING:
            result = await c.call("query", sql=statement)
            # Functions of an extension that is not installed do not exist.
            wanted = {"permission", "not_found"} if "dblink" in statement else {"permission"}
            assert result.error_code in wanted, (statement, result.text)
    assert await engine.value(watched, fresh) == before


async def test_dblink_is_refused_where_it_is_installed(client: Any, engine: Any, fresh: str) -> None:
    """P5: `dblink_exec('insert ..')` wrote a row from within a READ ONLY transaction."""
    await engine.run("CREATE EXTENSION dblink", fresh)
    async with client(user="mcp_boss", database=fresh, allow_superuser=True) as c:
        attack = "select dblink_exec('dbname=' || current_database(), 'insert into t values (-5, ''x'')')"
        result = await c.call("query", sql=attack)
        view = await c.call("server_info")
    assert result.error_code == "permission"
    assert "extension dblink" in view.data["role_flags"]
    assert await engine.value("SELECT count(*) FROM t", fresh) == 1000


async def test_what_only_reads_is_not_refused(client: Any) -> None:
    """P6: peers with lists of allowed functions refuse `ILIKE $1` and every function of a user."""
    async with client() as c:
        for statement in HARMLESS:
            result = await c.call("query", sql=statement)
            assert not result.is_error, (statement, result.text)


async def test_the_operator_can_allow_and_deny_functions(client: Any) -> None:
    async with client(allow_functions=["pg_sleep", "public.privileged"], deny_functions=["reading", "pg_sleep"]) as c:
        slept = await c.call("query", sql="select pg_sleep(0)")
        owner = await c.call("query", sql="select privileged()")
        read = await c.call("query", sql="select reading()")
    assert (slept.error_code, owner.is_error, read.error_code) == ("permission", False, "permission")


async def test_a_function_on_the_search_path_is_judged_like_one_that_is_named(
    client: Any, engine: Any, fresh: str
) -> None:
    """An overload of a harmless name is judged with it."""
    await engine.run(
        "CREATE FUNCTION public.lower(int) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user::text'",
        fresh,
    )
    async with client(database=fresh) as c:
        result = await c.call("query", sql="select lower(1)")
        qualified = await c.call("query", sql="select pg_catalog.lower('A')")
    assert result.error_code == "permission"
    assert qualified.data["rows"] == [["a"]]


@pytest.mark.parametrize("search_path", ["evil, pg_catalog, public", "evil, public"])
async def test_a_catalogue_of_somebody_elses_deceives_no_gate(
    client: Any, engine: Any, fresh: str, search_path: str
) -> None:
    """Tables called pg_proc and pg_class in a schema that stands before the engine's own."""
    await engine.run(
        "CREATE SCHEMA evil; CREATE TABLE evil.pg_proc (LIKE pg_catalog.pg_proc);"
        " CREATE TABLE evil.pg_roles (rolname text);"
        " CREATE TABLE evil.pg_class (LIKE pg_catalog.pg_class); CREATE TABLE evil.pg_language (lanname text);"
        " GRANT USAGE ON SCHEMA evil TO PUBLIC",
        fresh,
    )
    async with client(database=fresh, search_path=search_path) as c:
        refused = await c.call("query", sql="select pg_sleep(0)")
        listed = await c.call("list_objects", schema="public")
        described = await c.call("describe_object", name="public.t")
        profiled = await c.call("profile_table", table="public.t")
        advised = await c.call("advise_indexes", queries=["select * from public.t where v = 'x'"])
    assert refused.error_code == "permission", refused.text
    assert len(listed.data["objects"]) == 4
    assert described.data["columns"][0]["name"] == "id"
    assert profiled.data["sampled"] == 1000
    assert advised.data["suggestions"]

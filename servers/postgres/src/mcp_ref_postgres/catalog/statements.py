"""The statements that list what is in a database, one for each family of objects.

All run with pg_catalog alone on the search path; $1 are the visible schemas (null: all), $2 a LIKE pattern, $3, $4 and
$5 schema, name and type of the last object of the page before, $6 the number of rows, $7 the kinds asked for.
"""

VISIBLE = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND ($1::text[] IS NULL OR n.nspname = ANY ($1))"
# One order in every database, whatever its collation: pages begin after a name.
_KEY = 'o.schema::text COLLATE "C", o.name::text COLLATE "C", o.type::text COLLATE "C"'
_PAGE = f"($3::text IS NULL OR ({_KEY}) > ($3, $4::text, $5::text)) AND o.name LIKE $2 ORDER BY {_KEY} LIMIT $6"

_RELKINDS = """CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned' WHEN 'v' THEN 'view'
    WHEN 'm' THEN 'matview' WHEN 'f' THEN 'foreign_table' WHEN 'S' THEN 'sequence'
    WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' END"""
_NO_SIZE = "NULL::bigint AS size_bytes, NULL::float8 AS rows_estimate"


def _listing(inner: str) -> str:
    return f"SELECT o.* FROM ({inner}) o WHERE {_PAGE}"  # noqa: S608  constants of this program


# Sizes are looked up for the page alone: a catalogue of 50 000 tables is not measured to show 200.
RELATIONS = f"""
    SELECT p.schema, p.name, p.type, pg_get_userbyid(p.relowner) AS owner,
        CASE WHEN p.reltuples >= 0 THEN p.reltuples::float8 END AS rows_estimate,
        CASE WHEN p.relkind IN ('r', 'm', 'i', 'S') THEN pg_total_relation_size(p.oid) END AS size_bytes,
        obj_description(p.oid, 'pg_class') AS description, p.oid
    FROM (
        SELECT o.* FROM (
            SELECT n.nspname AS schema, c.relname AS name, {_RELKINDS} AS type, c.relowner, c.reltuples, c.relkind,
                c.oid
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE {VISIBLE} AND c.relkind = ANY ($7::text[]::"char"[])
        ) o WHERE {_PAGE}
    ) p
"""  # noqa: S608  constants of this program
RELATION_KINDS = {
    "table": "r",
    "view": "v",
    "matview": "m",
    "foreign_table": "f",
    "partitioned": "p",
    "sequence": "S",
    "index": "iI",
}

ROUTINES = _listing(f"""
    SELECT n.nspname AS schema, p.proname || '(' || oidvectortypes(p.proargtypes) || ')' AS name,
        CASE WHEN p.prokind = 'p' THEN 'procedure' ELSE 'function' END AS type, pg_get_userbyid(p.proowner) AS owner,
        {_NO_SIZE}, obj_description(p.oid, 'pg_proc') AS description, p.oid
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE {VISIBLE} AND CASE WHEN p.prokind = 'p' THEN 'procedure' ELSE 'function' END = ANY ($7::text[])
""")  # noqa: S608  constants of this program

TYPES = _listing(f"""
    SELECT n.nspname AS schema, t.typname AS name, CASE WHEN t.typtype = 'e' THEN 'enum' ELSE 'type' END AS type,
        pg_get_userbyid(t.typowner) AS owner, {_NO_SIZE}, obj_description(t.oid, 'pg_type') AS description, t.oid
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
    WHERE {VISIBLE} AND (t.typtype IN ('e', 'd', 'r', 'm') OR (t.typtype = 'c' AND c.relkind = 'c')
        OR (t.typtype = 'b' AND t.typelem = 0))
        AND CASE WHEN t.typtype = 'e' THEN 'enum' ELSE 'type' END = ANY ($7::text[])
""")  # noqa: S608  constants of this program

EXTENSIONS = _listing(f"""
    SELECT n.nspname AS schema, e.extname AS name, 'extension' AS type, pg_get_userbyid(e.extowner) AS owner,
        {_NO_SIZE}, obj_description(e.oid, 'pg_extension') AS description, e.oid
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE ($1::text[] IS NULL OR n.nspname = ANY ($1)) AND $7::text[] IS NOT NULL
""")  # noqa: S608  constants of this program

TRIGGERS = _listing(f"""
    SELECT n.nspname AS schema, c.relname || '.' || t.tgname AS name, 'trigger' AS type,
        pg_get_userbyid(c.relowner) AS owner, {_NO_SIZE}, obj_description(t.oid, 'pg_trigger') AS description, t.oid
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE {VISIBLE} AND NOT t.tgisinternal AND $7::text[] IS NOT NULL
""")  # noqa: S608  constants of this program

POLICIES = _listing(f"""
    SELECT n.nspname AS schema, c.relname || '.' || p.polname AS name, 'policy' AS type,
        pg_get_userbyid(c.relowner) AS owner, {_NO_SIZE}, obj_description(p.oid, 'pg_policy') AS description, p.oid
    FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE {VISIBLE} AND $7::text[] IS NOT NULL
""")  # noqa: S608  constants of this program

# A publication belongs to no schema.
PUBLICATIONS = _listing(f"""
    SELECT '' AS schema, p.pubname AS name, 'publication' AS type, pg_get_userbyid(p.pubowner) AS owner,
        {_NO_SIZE}, obj_description(p.oid, 'pg_publication') AS description, p.oid
    FROM pg_catalog.pg_publication p WHERE $7::text[] IS NOT NULL AND ($1::text[] IS NULL OR true)
""")  # noqa: S608  constants of this program

FAMILIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "relations": (RELATIONS, tuple(RELATION_KINDS)),
    "routines": (ROUTINES, ("function", "procedure")),
    "types": (TYPES, ("type", "enum")),
    "extensions": (EXTENSIONS, ("extension",)),
    "triggers": (TRIGGERS, ("trigger",)),
    "policies": (POLICIES, ("policy",)),
    "publications": (PUBLICATIONS, ("publication",)),
}

COLUMNS_OF = """
    SELECT a.attrelid AS oid, array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum)
        AS columns
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped GROUP BY 1
"""

SCHEMAS = """
    SELECT n.nspname AS name, pg_get_userbyid(n.nspowner) AS owner, coalesce(s.tables, 0) AS tables,
        s.size_bytes, obj_description(n.oid, 'pg_namespace') AS description
    FROM pg_catalog.pg_namespace n
    LEFT JOIN (
        SELECT relnamespace, count(*) AS tables, sum(pg_total_relation_size(oid))::bigint AS size_bytes
        FROM pg_catalog.pg_class WHERE relkind IN ('r', 'm', 'p') GROUP BY 1
    ) s ON s.relnamespace = n.oid
    WHERE ($2 OR (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'))
        AND n.nspname !~ '^pg_(toast_)?temp_' AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
    ORDER BY 1 LIMIT 1000
"""

# Everything that has a name, for search, completion and suggestions: kind, schema, name, column, comment.
NAMES = f"""
    SELECT * FROM (
        SELECT 'schema' AS kind, n.nspname AS schema, n.nspname AS name, NULL AS column,
            obj_description(n.oid, 'pg_namespace') AS comment
        FROM pg_catalog.pg_namespace n WHERE {VISIBLE}
        UNION ALL
        SELECT {_RELKINDS}, n.nspname, c.relname, NULL, obj_description(c.oid, 'pg_class')
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE {VISIBLE} AND c.relkind IN ('r', 'v', 'm', 'f', 'p', 'S')
        UNION ALL
        SELECT 'column', n.nspname, c.relname, a.attname, col_description(c.oid, a.attnum)
        FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE {VISIBLE} AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT CASE WHEN p.prokind = 'p' THEN 'procedure' ELSE 'function' END, n.nspname, p.proname, NULL,
            obj_description(p.oid, 'pg_proc')
        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE {VISIBLE} AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        UNION ALL
        SELECT 'type', n.nspname, t.typname, NULL, obj_description(t.oid, 'pg_type')
        FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        WHERE {VISIBLE} AND t.typtype IN ('e', 'd')
    ) names ORDER BY kind = 'column', schema, name, "column" LIMIT 200000
"""  # noqa: S608  constants of this program

# A hash of the structure: it changes with each table, column, type and default of what is visible.
FINGERPRINT = f"""
    SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
        SELECT c.oid || ':' || c.relname || ':' || c.relkind::text || ':' || c.relnatts || ':' || n.nspname AS part
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {VISIBLE}
        UNION ALL
        SELECT a.attrelid || '.' || a.attnum || ':' || a.attname || ':' || a.atttypid || ':' || a.attnotnull
        FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE {VISIBLE} AND a.attnum > 0
    ) parts
"""  # noqa: S608  constants of this program
COUNTERS = f"""
    SELECT n.nspname || '.' || s.relname AS name, s.n_tup_ins + s.n_tup_upd + s.n_tup_del AS changes
    FROM pg_catalog.pg_stat_user_tables s JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname WHERE {VISIBLE}
"""  # noqa: S608  constants of this program

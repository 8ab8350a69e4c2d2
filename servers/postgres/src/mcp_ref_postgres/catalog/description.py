"""The statements that describe one relation, by its oid ($1). All run with pg_catalog alone on the search path."""

FIND = """
    SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS relkind,
        CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned' WHEN 'v' THEN 'view' WHEN 'm' THEN 'matview'
            WHEN 'f' THEN 'foreign_table' WHEN 'S' THEN 'sequence' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index'
            WHEN 'c' THEN 'type' END AS type
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I')
        AND ($1::text IS NULL OR n.nspname = $1) AND ($3::text[] IS NULL OR n.nspname = ANY ($3))
        AND n.nspname !~ '^pg_(toast_)?temp_'
    ORDER BY coalesce(array_position($4::text[], n.nspname::text), 10000), n.nspname
"""

COLUMNS = """
    SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
        CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS default,
        CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity,
        CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS generated,
        CASE WHEN a.attcollation <> t.typcollation THEN l.collname END AS collation,
        col_description(a.attrelid, a.attnum) AS description,
        (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e
         WHERE e.enumtypid = CASE WHEN t.typbasetype <> 0 THEN t.typbasetype WHEN t.typelem <> 0 THEN t.typelem
             ELSE t.oid END) AS enum_values
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
    WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""

CONSTRAINTS = """
    SELECT k.conname AS name, k.contype::text AS kind, pg_get_constraintdef(k.oid) AS definition,
        (SELECT array_agg(a.attname::text ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY u (num, n)
         JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num) AS columns,
        CASE WHEN k.confrelid <> 0 THEN k.confrelid::regclass::text END AS references,
        (SELECT array_agg(a.attname::text ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY u (num, n)
         JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num) AS referenced_columns,
        k.convalidated AS validated
    FROM pg_catalog.pg_constraint k WHERE k.conrelid = $1::oid
    AND k.contype IN ('p', 'u', 'f', 'c', 'x') ORDER BY k.contype, 1
"""

REFERENCED_BY = """
    SELECT k.conname AS name, k.conrelid::regclass::text AS table, pg_get_constraintdef(k.oid) AS definition
    FROM pg_catalog.pg_constraint k WHERE k.confrelid = $1::oid AND k.contype = 'f' ORDER BY 2, 1
"""

INDEXES = """
    SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition, pg_relation_size(i.indexrelid) AS size_bytes,
        coalesce(s.idx_scan, 0) AS scans, i.indisvalid AS valid
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    LEFT JOIN pg_catalog.pg_stat_all_indexes s ON s.indexrelid = c.oid
    WHERE i.indrelid = $1::oid ORDER BY i.indisprimary DESC, 1
"""

TRIGGERS = """
    SELECT tgname AS name, pg_get_triggerdef(oid) AS definition, tgenabled <> 'D' AS enabled
    FROM pg_catalog.pg_trigger WHERE tgrelid = $1::oid AND NOT tgisinternal ORDER BY 1
"""

POLICIES = """
    SELECT p.polname AS name, p.polcmd::text AS command, p.polpermissive AS permissive,
        ARRAY(SELECT rolname::text FROM pg_catalog.pg_roles WHERE oid = ANY (p.polroles) ORDER BY 1) AS roles,
        pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS check
    FROM pg_catalog.pg_policy p WHERE p.polrelid = $1::oid ORDER BY 1
"""

PARTITIONS = """
    SELECT i.inhrelid::regclass::text AS name, pg_get_expr(c.relpartbound, c.oid) AS bound,
        pg_total_relation_size(c.oid) AS size_bytes
    FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = $1::oid ORDER BY 1 LIMIT 1000
"""

STATS = """
    SELECT CASE WHEN c.reltuples >= 0 THEN c.reltuples::float8 END AS rows_estimate,
        pg_table_size(c.oid) AS size_bytes, pg_indexes_size(c.oid) AS index_bytes, s.n_live_tup AS live,
        s.n_dead_tup AS dead, s.seq_scan AS seq_scans, s.idx_scan AS index_scans,
        greatest(s.last_vacuum, s.last_autovacuum)::text AS last_vacuum,
        greatest(s.last_analyze, s.last_autoanalyze)::text AS last_analyze
    FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid WHERE c.oid = $1::oid
"""

COMMENT = "SELECT obj_description($1::oid, 'pg_class')"
VIEW = "SELECT pg_get_viewdef($1::oid, true)"
INDEX = "SELECT pg_get_indexdef($1::oid)"
SEQUENCE = """
    SELECT seqtypid::regtype::text AS type, seqstart AS start, seqincrement AS increment, seqmin AS min, seqmax AS max,
        seqcycle AS cycle FROM pg_catalog.pg_sequence WHERE seqrelid = $1::oid
"""
PARTITIONED = "SELECT pg_get_partkeydef($1::oid)"
BOUND = """
    SELECT pg_get_expr(c.relpartbound, c.oid) AS bound, i.inhparent::regclass::text AS parent
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid WHERE c.oid = $1::oid
    AND c.relispartition
"""

# Other things than relations, by name: their definition as the engine writes it.
ROUTINE = """
    SELECT n.nspname AS schema, p.oid::regprocedure::text AS name,
        CASE WHEN p.prokind = 'p' THEN 'procedure' ELSE 'function' END AS type,
        CASE WHEN p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) END AS ddl,
        obj_description(p.oid, 'pg_proc') AS description
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE (p.proname = $2 OR p.proname || '(' || oidvectortypes(p.proargtypes) || ')' = $2)
        AND ($1::text IS NULL OR n.nspname = $1) AND ($3::text[] IS NULL OR n.nspname = ANY ($3))
    ORDER BY coalesce(array_position($4::text[], n.nspname::text), 10000), 1, 2 LIMIT 20
"""
TYPE = """
    SELECT n.nspname AS schema, t.typname AS name, CASE WHEN t.typtype = 'e' THEN 'enum' ELSE 'type' END AS type,
        t.oid, t.typtype::text AS typtype, format_type(t.typbasetype, t.typtypmod) AS base,
        (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e
         WHERE e.enumtypid = t.oid) AS labels, t.typrelid, obj_description(t.oid, 'pg_type') AS description
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typname = $2 AND ($1::text IS NULL OR n.nspname = $1) AND ($3::text[] IS NULL OR n.nspname = ANY ($3))
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')
    ORDER BY coalesce(array_position($4::text[], n.nspname::text), 10000), 1 LIMIT 20
"""

"""Plans that are judged, and what their filters suggest: pure functions over what the engine says."""

from typing import Any

import pytest

from mcp_ref_postgres.catalog.searching import Name, best
from mcp_ref_postgres.observing.candidates import candidates_of
from mcp_ref_postgres.plans.findings import findings
from mcp_ref_postgres.plans.tree import MOST_NODES, outline, steps
from mcp_ref_postgres.reading.rows import listed


def scan(**more: Any) -> dict[str, Any]:
    usual = {
        "Node Type": "Seq Scan", "Relation Name": "orders", "Schema": "shop", "Alias": "o", "Plan Rows": 10,
        "Total Cost": 50.0,
    }  # fmt: skip
    return usual | more


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (scan(**{"Filter": "(a = 1)", "Actual Rows": 5, "Actual Loops": 1, "Rows Removed by Filter": 5000}), "in vain"),
        (scan(**{"Filter": "(a = 1)", "Total Cost": 5000.0}), "keeps about 10"),
        (scan(**{"Plan Rows": 1, "Actual Rows": 5000, "Actual Loops": 1}), "was planned for 1 rows and got 5000"),
        (
            {"Node Type": "Sort", "Plan Rows": 1, "Total Cost": 1, "Sort Space Type": "Disk", "Sort Space Used": 9},
            "on disk",
        ),
        ({"Node Type": "Hash", "Plan Rows": 1, "Total Cost": 1, "Hash Batches": 8}, "in 8 parts"),
        (scan(**{"Actual Rows": 1, "Actual Loops": 5000}), "ran 5000 times"),
        (scan(**{"Node Type": "Index Only Scan", "Heap Fetches": 5000}), "VACUUM"),
        (
            {"Node Type": "Gather", "Plan Rows": 1, "Total Cost": 1, "Workers Planned": 2, "Workers Launched": 0},
            "0 of 2",
        ),
        ({"Node Type": "Nested Loop", "Plan Rows": 10**9, "Total Cost": 1, "Plans": [scan(), scan()]}, "every other"),
    ],
)
def test_trouble_is_told(plan: dict[str, Any], words: str) -> None:
    assert any(words in found.text for found in findings(steps(plan)))


def test_a_good_plan_gets_no_remark() -> None:
    good = scan(**{"Filter": "(a = 1)", "Actual Rows": 9, "Actual Loops": 1, "Rows Removed by Filter": 3})
    assert findings(steps(good)) == []


def test_nodes_know_their_parents_and_a_large_plan_is_cut() -> None:
    plan = {"Node Type": "Append", "Plan Rows": 1, "Total Cost": 1.0, "Plans": [scan() for _ in range(2000)]}
    found = steps(plan)
    assert len(found) == MOST_NODES
    assert {step.node.parent for step in found[1:]} == {0}
    assert outline(found[:2]).splitlines()[1].startswith("  Seq Scan on shop.orders")


@pytest.mark.parametrize(
    ("conditions", "first"),
    [
        ({"Filter": "((o.customer = 'x'::text) AND (o.total > '3'::numeric))"}, '"customer", "total"'),
        ({"Filter": "(o.total > 3)", "Sort Key": ["o.placed DESC"]}, '"total"'),
        ({"Filter": "(lower(o.customer) = 'x'::text)"}, None),
        ({"Hash Cond": "(o.id = c.id)"}, '"id"'),
        ({"Filter": '(o."Odd""name" = 1)'}, '"Odd""name"'),
    ],
)
def test_filters_suggest_indexes(conditions: dict[str, Any], first: str | None) -> None:
    found = [candidate.ddl for candidate in candidates_of(scan(**conditions))]
    wanted = None if first is None else f'CREATE INDEX ON "shop"."orders" USING btree ({first})'
    assert (found[0] if found else None) == wanted


def test_the_catalogue_of_the_engine_gets_no_index() -> None:
    assert list(candidates_of(scan(Schema="pg_catalog", Filter="(o.a = 1)"))) == []


def test_the_best_match_comes_first() -> None:
    names = [
        Name("table", "s", "customers"),
        Name("table", "s", "customer"),
        Name("column", "s", "orders", "customer_id"),
        Name("table", "s", "x", None, "about a customer"),
        Name("table", "s", "unrelated"),
    ]
    assert [match.column or match.name for match in best(names, "Customer", 10)][:2] == ["customer", "customers"]
    assert "unrelated" not in [match.name for match in best(names, "customer", 10)]
    assert len(best(names, "customer", 1)) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"f1":1,"f2":1.10,"f3":{"a":1}}', [1, "1.10", {"a": 1}]),
        ('[{"a":1},null]', [[1], None]),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_rows_in_cells_are_lists(text: str, value: Any) -> None:
    assert listed(text) == value

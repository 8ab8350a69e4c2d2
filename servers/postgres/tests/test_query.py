import pytest

each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


@each_revision
async def test_rows_come_back(client, revision: str) -> None:
    async with client(revision=revision) as c:
        result = await c.call("query", sql="select id, v from t where id < $1 order by id", params=["3"])
    print(result.raw)
    assert result.data["rows"] == [[1, "value 1"], [2, "value 2"]]

"""The health of a database: checks as data, a statement and a judge each."""

"""Looks at data as a whole: profiles of tables, advice on indexes."""

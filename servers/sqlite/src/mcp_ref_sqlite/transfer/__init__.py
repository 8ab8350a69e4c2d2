"""Rows and files in and out: exports, imports, backups."""

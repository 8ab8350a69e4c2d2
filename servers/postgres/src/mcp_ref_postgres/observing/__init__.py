"""What goes on in a database: statements, sessions, tables, columns, and indexes that would help."""

"""What reads: rows and pages, plans, the catalogue, text; plain functions that run on a connection's thread."""

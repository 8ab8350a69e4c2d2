"""The program: databases and settings of the operator, canned queries, the server made of them."""

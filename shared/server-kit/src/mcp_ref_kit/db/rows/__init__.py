"""Results as rows: cells, one page of them and the next, the forms they are written in."""

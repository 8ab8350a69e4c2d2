"""What changes a database: one transaction a call, judged before it begins."""

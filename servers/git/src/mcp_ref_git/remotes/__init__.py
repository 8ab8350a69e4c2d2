"""Other repositories, reached by https or ssh where the operator allows it, and in no other way."""

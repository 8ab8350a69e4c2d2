"""What every reference server has beside its tools."""

"""Background fits, one process and one folder each. No torch."""

"""The networks: one module a family, and the registry of families."""

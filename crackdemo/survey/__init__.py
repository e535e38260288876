"""The same inspection over archives, on Ray Data: one machine, or a cluster."""

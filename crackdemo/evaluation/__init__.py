"""Photos with known truth to figures."""

"""Data to a finished checkpoint."""

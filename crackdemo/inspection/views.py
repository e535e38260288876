"""What pictures a batch leaves of each photo."""

VIEWS = ("masks", "heatmaps", "reconstructions", "overlays")
"""Folders of the output, one file for each photo in each of them."""

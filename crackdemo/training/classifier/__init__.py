"""Fits of the family `classifier`: photos that are labelled as a whole to a checkpoint."""

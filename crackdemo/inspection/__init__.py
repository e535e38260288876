"""A detection and settings to what a person takes away."""

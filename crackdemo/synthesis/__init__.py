"""Procedural pavement with cracks whose truth is known."""

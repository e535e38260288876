"""Heatmap to mask, its measures, and masks against truth. No torch."""

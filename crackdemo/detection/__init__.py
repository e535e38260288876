"""Photo to heatmap: the only place that runs a network on a photo."""

"""Photos and masks to a segmenter."""

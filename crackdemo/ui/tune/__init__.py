"""The Tune tab: labelled photos to settings that can be trusted."""

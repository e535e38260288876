"""The Submit tab: photos to a competition's file."""

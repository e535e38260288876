"""Photo files to RGB arrays and back."""

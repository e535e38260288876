"""What a person calls weights: found, checked, loaded, published."""

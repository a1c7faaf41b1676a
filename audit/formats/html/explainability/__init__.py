"""The section on feature attribution: importance, direction, and use of protected attributes."""

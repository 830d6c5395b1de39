"""Runs audited on the same test images, side by side: what got better, what worse, and where."""

"""From evidence to one word an image."""

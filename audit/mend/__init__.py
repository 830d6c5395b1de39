"""Mending of a model: its last layer taught again, on images that no shortcut tells apart."""

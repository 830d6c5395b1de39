"""Mending of a model: its end taught again, on images that no shortcut tells apart."""

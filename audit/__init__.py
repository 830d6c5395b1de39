"""Audit whether an image classifier is right for the right reasons."""

__version__ = "0.1.0"

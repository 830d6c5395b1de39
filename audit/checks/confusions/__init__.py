"""Confusions: which classes are taken for which others."""

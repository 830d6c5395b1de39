"""Patches of backgrounds that a class rests on, tried on images of other classes."""

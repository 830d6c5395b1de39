"""Clusters: images that are not independent of each other."""

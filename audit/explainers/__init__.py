"""Explainers: image and class in, heatmap out; one explainer a file."""

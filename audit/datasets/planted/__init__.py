"""The embedded data set: flowers drawn on the fly, with shortcuts planted in the background."""

from audit.datasets.planted.dataset import Planted

__all__ = ["Planted"]

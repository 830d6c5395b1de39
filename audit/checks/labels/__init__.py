"""Labels: what a model says of each label of images that may have several."""

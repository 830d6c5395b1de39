"""Sources of images and masks."""

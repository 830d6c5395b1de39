"""Training of a head, or more, on images and labels."""

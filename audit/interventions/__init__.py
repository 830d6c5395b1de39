"""Changes images and asks the model again: removal, background swap, shares."""

"""Whether masks carry what is said of them."""

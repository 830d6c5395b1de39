"""Fitness of the masks for what is concluded from them."""

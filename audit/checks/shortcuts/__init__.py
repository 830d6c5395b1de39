"""Which patches of backgrounds a class rests on, tried on images of other classes."""

"""Groups that were given with the images: whom does the model serve worst?"""

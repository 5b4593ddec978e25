"""Builds the container images of `images/` with whichever engine works here: `python -m scripts.images`."""

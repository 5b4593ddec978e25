"""What goes wrong when an image is built, as a sentence with what to do."""

from __future__ import annotations


class ImageError(RuntimeError):
    """An image was not built. The text says what was expected, what was found and what to do."""

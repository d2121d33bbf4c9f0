"""From a handful of ratings to a deployed image-quality model."""

__version__ = "0.1.0"

"""From a photo file to the pixels a network sees: decode, resize once, cache, crop."""

from ssliqa.images.cache import CachedPhoto, ImageCache, Prepared, default_cache_folder
from ssliqa.images.crops import grid_crops, random_crop
from ssliqa.images.decode import ImageSource, read_image
from ssliqa.images.protocol import Protocol
from ssliqa.images.resize import resize_image

__all__ = [
    "CachedPhoto",
    "ImageCache",
    "ImageSource",
    "Prepared",
    "Protocol",
    "default_cache_folder",
    "grid_crops",
    "random_crop",
    "read_image",
    "resize_image",
]

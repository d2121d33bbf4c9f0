"""From a photo file to the pixels a network sees: decode, resize once, cache, crop."""

from ssliqa.images.cache import CachedPhoto, ImageCache, Prepared, default_cache_folder
from ssliqa.images.crops import crop_views, fixed_crops, grid_crops, random_crop, scattered_crops
from ssliqa.images.decode import ImageSource, Photo, read_image, read_photo, read_resized
from ssliqa.images.protocol import Protocol
from ssliqa.images.resize import resize_image

__all__ = [
    "CachedPhoto",
    "ImageCache",
    "ImageSource",
    "Photo",
    "Prepared",
    "Protocol",
    "crop_views",
    "default_cache_folder",
    "fixed_crops",
    "grid_crops",
    "random_crop",
    "read_image",
    "read_photo",
    "read_resized",
    "resize_image",
    "scattered_crops",
]

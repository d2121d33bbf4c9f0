"""Scene statistics: a backbone that needs no pretrained weights.

Natural pictures have regular local statistics and faults disturb them. Fixed filters measure, at
several scales, local deviation, locally normalized luma and the correlation of neighbors (Mittal,
Moorthy & Bovik, "No-reference image quality assessment in the spatial domain", IEEE TIP 2012),
sharpness along four directions, clipped shares, color, and steps that recur every eight pixels as
JPEG leaves them, wherever its grid lies (after Wang, Sheikh & Bovik, ICIP 2002). Batch-normalized,
they go through one learned hidden layer. With a few hundred ratings and no ImageNet weights this
learns in seconds what a convolutional network from random weights does not.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ssliqa.errors import ConfigError
from ssliqa.models.backbones.contract import IMAGENET_MEAN, IMAGENET_STD, Backbone

_LUMA_CHROMA = ((0.299, 0.587, 0.114), (-0.1687, -0.3313, 0.5), (0.5, -0.4187, -0.0813))
# Sides in pixels: of the windows that tell places apart, and of the cells they stand for.
_WINDOW, _CELL = 96, 48
_OPTIONS = {"scales": 3, "width": 48}


def build(name: str, options: dict[str, Any], pretrained: bool) -> Backbone:
    """Build the backbone.

    Args:
        name: unused, there is one architecture.
        options: ``scales`` (halvings of the resolution plus one) and ``width`` (size F of the
            activation).
        pretrained: has no weights to fetch, so True is refused.

    Raises:
        ConfigError: an unknown option, or pretrained weights asked for.
    """
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown or pretrained:
        found = f"does not know {', '.join(unknown)}" if unknown else "has no pretrained weights"
        raise ConfigError(
            f"The backbone '{name}' {found}.",
            f"Its options are {', '.join(_OPTIONS)}; use --weights none.",
        )
    chosen = {**_OPTIONS, **options}
    net = SceneStatistics(scales=chosen["scales"], width=chosen["width"])
    return Backbone(
        net,
        chosen["width"],
        IMAGENET_MEAN,
        IMAGENET_STD,
        extract=lambda net, images: net(images),
        places=_windows,
    )


def _windows(net: nn.Module, images: Tensor) -> Tensor:
    """Statistics have no feature map; those of a window around each place stand for it."""
    batch, _, *size = images.shape
    side, half = min(_WINDOW, *size), min(_WINDOW, *size) // 2
    counts = [max(1, round(length / _CELL)) for length in size]
    # Borders are mirrored, which leaves the statistics of a picture as they are.
    padded = F.pad(images, (half, half, half, half), mode="reflect")
    rows, columns = (
        [round((k + 0.5) * length / count) for k in range(count)]
        for length, count in zip(size, counts, strict=True)
    )
    windows = [padded[..., y : y + side, x : x + side] for y in rows for x in columns]
    activations: list[Tensor] = [net(window) for window in windows]
    return torch.stack(activations, 2).view(batch, -1, *counts)


class SceneStatistics(nn.Module):
    """Fixed statistics, (B, 3, H, W) -> (B, S), and a learned hidden layer, -> (B, width).

    Args:
        scales: at how many resolutions, each half the one before.
        width: number of hidden units.
    """

    mean: Tensor
    std: Tensor
    luma_chroma: Tensor

    def __init__(self, scales: int = 3, width: int = 48) -> None:
        super().__init__()
        self.scales = scales
        for key, values in (
            ("mean", IMAGENET_MEAN),
            ("std", IMAGENET_STD),
            ("luma_chroma", _LUMA_CHROMA),
        ):
            self.register_buffer(key, torch.tensor(values), persistent=False)
        statistics = self.statistics(torch.zeros(1, 3, 64, 64)).shape[1]
        self.normalize = nn.BatchNorm1d(statistics, affine=False)
        self.hidden = nn.Linear(statistics, width)

    def forward(self, images: Tensor) -> Tensor:
        """Activations (B, width) of ImageNet-normalized images (B, 3, H, W)."""
        # Sums of powers and logarithms need more than the 8 bits of bfloat16.
        with torch.no_grad(), torch.autocast(images.device.type, enabled=False):
            statistics = self.statistics(images.float())
        return F.gelu(self.hidden(self.normalize(statistics)))

    def statistics(self, images: Tensor) -> Tensor:
        """The fixed measurements, (B, S)."""
        rgb = images * self.std.view(3, 1, 1) + self.mean.view(3, 1, 1)
        picture = torch.einsum("ij,bjhw->bihw", self.luma_chroma, rgb)
        luma, chroma = picture[:, :1], picture[:, 1:]
        found = [
            _moments(luma),
            _shares_below(luma, (0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97), 0.015),
            chroma.mean((2, 3)),
            chroma.std((2, 3)),
            chroma.square().sum(1, keepdim=True).add(1e-6).sqrt().mean((2, 3)),
            *_block_edges(luma),
        ]
        for _ in range(self.scales):
            smooth = _blur(picture)
            found += _texture(picture[:, :1], smooth[:, :1]) + _color_noise(picture, smooth)
            picture = F.avg_pool2d(smooth, 2)
        return torch.cat(found, 1)


def _texture(luma: Tensor, mean: Tensor) -> list[Tensor]:
    """Local deviation, normalized luma with its neighbors, and sharpness by direction."""
    deviation = (_blur(luma * luma) - mean * mean).clamp_min(0).add(1e-6).sqrt()
    energy = (deviation + 0.002).log()
    normalized = (luma - mean) / (deviation + 0.015)
    power = normalized.square().mean((2, 3)) + 1e-6
    found = [
        _moments(energy),
        _shares_below(energy, (-5.5, -5.0, -4.5, -4.0, -3.5, -3.0, -2.5, -2.0), 0.2),
        power.sqrt(),
        normalized.abs().mean((2, 3)),
        (normalized.pow(4).mean((2, 3)) / power.square() + 0.1).log(),
    ]
    slopes = []
    for row, column in ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0)):
        one, other = _neighbors(normalized, row, column)
        found.append((one * other).mean((2, 3)) / power)
        if max(row, column) == 1:
            one, other = _neighbors(luma, row, column)
            slopes.append((one - other).abs().mean((2, 3)).add(0.001).log())
    by_direction = torch.cat(slopes, 1)
    curved = (luma[..., 2:] - 2 * luma[..., 1:-1] + luma[..., :-2]).abs().mean((2, 3))
    found += [
        by_direction.mean(1, keepdim=True),
        by_direction.amax(1, keepdim=True) - by_direction.amin(1, keepdim=True),
        curved.add(0.001).log() - by_direction[:, :1],
    ]
    for row, column in ((0, 1), (1, 0)):
        one, other = _neighbors(luma, row, column)
        square = (one - other).square()
        found.append(
            (square.square().mean((2, 3)) / (square.mean((2, 3)).square() + 1e-9) + 1).log()
        )
    return found


def _color_noise(picture: Tensor, smooth: Tensor) -> list[Tensor]:
    """Strength and grain of what blurring removes from the chroma channels."""
    rest = (picture - smooth)[:, 1:]
    one, other = _neighbors(rest, 0, 1)
    grain = (one * other).mean((2, 3)) / (rest.square().mean((2, 3)) + 1e-6)
    return [rest.abs().mean((2, 3)).add(0.001).log(), grain]


def _block_edges(luma: Tensor) -> list[Tensor]:
    """How much the strongest of the eight phases of pixel steps stands out, in both directions."""
    found = []
    for steps in (
        (luma[..., 1:] - luma[..., :-1]).abs().mean(2),
        (luma[..., 1:, :] - luma[..., :-1, :]).abs().mean(3),
    ):
        whole = steps.shape[-1] // 8 * 8
        phases = steps[..., :whole].reshape(len(steps), -1, 8).mean(1) + 0.0005
        found.append((phases.amax(1, keepdim=True) / phases.mean(1, keepdim=True)).log())
    flat = (luma[..., 1:] - luma[..., :-1]).abs() < 0.004
    return [*found, flat.float().mean((2, 3))]


def _moments(channel: Tensor) -> Tensor:
    """Mean, standard deviation and skewness of each (B, 1, H, W) -> (B, 3)."""
    mean = channel.mean((2, 3), keepdim=True)
    rest = channel - mean
    deviation = rest.square().mean((2, 3)).add(1e-6).sqrt()
    skewness = rest.pow(3).mean((2, 3)) / deviation.pow(3)
    return torch.cat([mean.flatten(1), deviation, skewness], 1)


def _shares_below(channel: Tensor, levels: tuple[float, ...], softness: float) -> Tensor:
    """Soft share of the pixels below each level, (B, 1, H, W) -> (B, levels)."""
    thin = channel[..., ::2, ::2]
    return torch.cat([((at - thin) / softness).sigmoid().mean((2, 3)) for at in levels], 1)


def _neighbors(channel: Tensor, row: int, column: int) -> tuple[Tensor, Tensor]:
    """Every pixel that has a neighbor ``(row, column)`` away, and that neighbor."""
    height, width = channel.shape[-2:]
    left, right = max(0, -column), width - max(0, column)
    one = channel[..., : height - row, left:right]
    return one, channel[..., row:, left + column : right + column]


def _blur(picture: Tensor) -> Tensor:
    """The binomial filter 1 4 6 4 1 in both directions, edges mirrored."""
    height, width = picture.shape[-2:]
    padded = F.pad(picture, (2, 2, 2, 2), mode="reflect")
    rows = [padded[..., k : k + height, :] for k in range(5)]
    down = (rows[0] + rows[4] + 4 * (rows[1] + rows[3]) + 6 * rows[2]) / 16
    columns = [down[..., k : k + width] for k in range(5)]
    return (columns[0] + columns[4] + 4 * (columns[1] + columns[3]) + 6 * columns[2]) / 16

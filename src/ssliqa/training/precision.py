"""Which branches compute in bfloat16."""

from __future__ import annotations

import torch
from torch import nn

from ssliqa.training.config import BranchConfig


def use_bf16(config: BranchConfig, network: nn.Module, device: torch.device) -> bool:
    """Whether a branch computes in bfloat16 on ``device``.

    'auto' says yes where the hardware multiplies bfloat16 natively; on a CPU only for networks
    without depthwise convolutions, which run slower in it (measured: half the speed).
    """
    if config.bf16 != "auto":
        return config.bf16 == "yes"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and cpu_has_bf16() and not _is_depthwise(network)


def cpu_has_bf16() -> bool:
    """Whether this CPU multiplies bfloat16 natively (AVX512-BF16 or AMX)."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def _is_depthwise(network: nn.Module) -> bool:
    return any(
        isinstance(part, nn.Conv2d) and part.groups > 1 and part.groups == part.in_channels
        for part in network.modules()
    )

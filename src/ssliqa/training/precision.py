"""Which branches compute in bfloat16."""

from __future__ import annotations

import torch

from ssliqa.training.config import BranchConfig


def use_bf16(config: BranchConfig, device: torch.device) -> bool:
    """Whether a branch computes in bfloat16 on ``device``.

    'auto' says yes where the hardware multiplies bfloat16 natively.
    """
    if config.bf16 != "auto":
        return config.bf16 == "yes"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and cpu_has_bf16()


def cpu_has_bf16() -> bool:
    """Whether this CPU multiplies bfloat16 natively (AVX512-BF16 or AMX)."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))

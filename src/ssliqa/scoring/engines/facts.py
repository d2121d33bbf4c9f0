"""What an exported file says of itself: all that a score depends on beside the network's numbers.

It stands inside the file as JSON, under the key ``ssliqa`` of the metadata.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ssliqa.errors import ConfigError, ModelError
from ssliqa.images import Protocol
from ssliqa.models import QualityModel
from ssliqa.models.calibration import Calibration
from ssliqa.opinion import Scale

KEY = "ssliqa"


@dataclass(frozen=True)
class Facts:
    """The facts of an exported model.

    Args:
        config: the model's configuration, as in its ``config.json``: backbone, normalization (done
            inside the network), image protocol (to be done outside) and rating scale.
        digest: :func:`digest_of` the PyTorch model.
        numbers: what the network computes with, ``float32`` or ``int8``.
        license: license of the weights, in the words of who exported them.
        version: of the ssliqa that exported.
    """

    config: dict[str, Any]
    digest: str
    numbers: str
    license: str
    version: str

    @cached_property
    def protocol(self) -> Protocol:
        """How photographs become the crops that the network takes."""
        return Protocol.from_dict(self.config["protocol"])

    @cached_property
    def scale(self) -> Scale:
        """The scale of the ratings the model learned from."""
        return Scale.from_dict(self.config["scale"])

    @cached_property
    def calibration(self) -> Calibration | None:
        """What turns a distribution into an interval, if the model was calibrated."""
        values = self.config.get("calibration")
        return None if values is None else Calibration.from_dict(values)

    def to_json(self) -> str:
        """The text that travels inside a file."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str | None, file: Path) -> Facts:
        """Read what :meth:`to_json` wrote into ``file``.

        Raises:
            ModelError: there is nothing, or nothing that makes sense.
        """
        if text is None:
            raise ModelError(
                f"'{file}' does not say how photographs are prepared for it.",
                "Only files that ssliqa export wrote can score.",
            )
        try:
            facts = cls(**json.loads(text))
            _ = facts.protocol, facts.scale, facts.calibration
        except (AttributeError, ConfigError, KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"What '{file}' says of itself cannot be used ({error!r}).",
                "Export the model again with this version of ssliqa.",
            ) from error
        return facts


def digest_of(model: QualityModel) -> str:
    """Hexadecimal SHA-256 of a model's configuration and weights, wherever they are stored."""
    digest = hashlib.sha256(json.dumps(model.config, sort_keys=True).encode())
    for name, values in sorted(model.state_dict().items()):
        array = values.detach().cpu().contiguous().numpy()
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()

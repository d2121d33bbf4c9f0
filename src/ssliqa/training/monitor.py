"""What a training tells whoever watches it. This one keeps silent; the command line draws."""

from __future__ import annotations

from ssliqa.methods import Progress


class Monitor:
    """Receives the events of a training."""

    def message(self, text: str) -> None:
        """Something a person should know, in one line."""

    def preparing(self, done: int, total: int) -> None:
        """Photographs decoded and resized so far."""

    def step(self, progress: Progress, loss: float) -> None:
        """A step was taken."""

    def validated(self, progress: Progress, srcc: float | None) -> None:
        """An epoch ended; SRCC on the validation images, None where it is undefined."""

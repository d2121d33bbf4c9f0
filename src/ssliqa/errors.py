"""Every error a user can meet. Each says what was found and carries its remedy.

The command line prints ``found`` and ``remedy`` as one short message and exits with status 2;
from Python they are ordinary exceptions, all of them :class:`SsliqaError`.
"""

from __future__ import annotations

from collections.abc import Sequence


class SsliqaError(Exception):
    """Base of all errors a user can cause and mend.

    Args:
        found: what was found, and what was expected instead.
        remedy: what to do about it.
    """

    def __init__(self, found: str, remedy: str = "") -> None:
        super().__init__(found, remedy)
        self.found = found
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.found} {self.remedy}".rstrip()


class ConfigError(SsliqaError):
    """An option, a configuration file or a combination of both cannot be used."""


class LabelTableError(SsliqaError):
    """A table of ratings cannot be read or contradicts itself or its images."""


class ScoreTableError(SsliqaError):
    """A table of scores cannot be read, or does not fit the ratings it is compared with."""


class SplitError(SsliqaError):
    """A division into train, validation and test images is impossible or inconsistent."""


class ImageReadError(SsliqaError):
    """A photograph cannot be read."""


class ModelError(SsliqaError):
    """A model or its weights are missing, damaged, or do not fit."""


class ExportError(SsliqaError):
    """A model cannot be exported, or its export would score differently."""


class CalibrationError(SsliqaError):
    """A model's intervals cannot be calibrated on the photographs at hand."""


class MetricError(SsliqaError):
    """A figure of merit is undefined for the given numbers."""


class ResumeError(SsliqaError):
    """A run or a table cannot be resumed, or somebody is at work on it."""


class SidecarError(SsliqaError):
    """The sidecar of a photograph cannot be read, changed or written."""


class MissingExtraError(SsliqaError):
    """An optional dependency is not installed.

    Args:
        package: the name of the package that could not be imported.
        extra: the extra of ssliqa that installs it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"This needs the package '{package}', which is not installed.",
            f"Install it with: pip install 'ssliqa[{extra}]'",
        )
        self.package = package


def first_few(items: Sequence[object], most: int = 5) -> str:
    """Name the first offenders of a long list: ``a, b, c (and 12 more)``."""
    named = ", ".join(str(item) for item in items[:most])
    rest = len(items) - most
    return f"{named} (and {rest} more)" if rest > 0 else named

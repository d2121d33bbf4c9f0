"""All pictures of a run, each by its name: what ``ssliqa pictures`` and benchmarks draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ssliqa.data import LabelTable
from ssliqa.errors import ConfigError, ImageReadError, MissingExtraError, SsliqaError
from ssliqa.evaluation import Evaluation, evaluate_model
from ssliqa.images import read_resized
from ssliqa.images.crops import grid_crops
from ssliqa.models import QualityModel
from ssliqa.report.activation_maps import activation_maps_plot
from ssliqa.report.distributions import distribution_plot
from ssliqa.report.loss_terms import loss_terms_plot
from ssliqa.report.relation_matrices import relation_matrices_plot
from ssliqa.report.scatter import scatter_plot
from ssliqa.training.branches import load_branches
from ssliqa.training.own_parts import own_test_part
from ssliqa.training.run_config import read_config

PICTURES = ("loss_terms", "scatter", "distributions", "activation_maps", "relation_matrices")
"""The pictures there are, by the names of their files."""

MOST_PHOTOGRAPHS = 12
"""More rows of activation maps than this nobody reads."""

_BATCH = 32


@dataclass(frozen=True)
class Drawn:
    """The pictures that were written, and in plain words what is missing from them."""

    files: tuple[Path, ...]
    problems: tuple[str, ...]


def draw_pictures(
    run: str | Path,
    out: str | Path | None = None,
    *,
    only: Sequence[str] = PICTURES,
    photos: Sequence[Path] = (),
    count: int = 4,
    title: str | None = None,
    on_picture: Callable[[str], None] = lambda _: None,
) -> Drawn:
    """Draw pictures of a run into a folder, as PNG files of their names.

    Scatter plot and distributions are of the run's own test part; activation maps of ``photos``, or
    of test photographs from the lowest to the highest rated; relation matrices of a batch of up to
    32 test photographs, each its center crop, likewise spread over the ratings. A picture that
    cannot be drawn is a problem, and the others go on.

    Args:
        run: a run folder, finished unless ``only`` is ``loss_terms``.
        out: where to; ``RUN/pictures`` if None.
        only: names out of :data:`PICTURES`.
        photos: photographs for the activation maps.
        count: how many are chosen where ``photos`` is empty.
        title: the headline of each picture; the run folder's name if None.
        on_picture: told the name of each picture before it is drawn.

    Raises:
        ConfigError: an unknown name, or a number of photographs below 1 or above 12.
        ResumeError: the folder holds no run, or an unfinished one.
        MissingExtraError: matplotlib is not installed.
        SsliqaError: not a single picture could be drawn; the first reason.

    Example:
        >>> draw_pictures("runs/first", only=["loss_terms"]).files  # doctest: +SKIP
        (PosixPath('runs/first/pictures/loss_terms.png'),)
    """
    run = Path(run)
    unknown = [name for name in only if name not in PICTURES]
    if unknown or not only:
        raise ConfigError(
            f"There is no picture called '{', '.join(unknown)}'.",
            f"The pictures are: {', '.join(PICTURES)}.",
        )
    if not 1 <= (len(photos) or count) <= MOST_PHOTOGRAPHS:
        raise ConfigError(
            f"Activation maps of {len(photos) or count} photographs cannot be drawn.",
            f"Name 1 to {MOST_PHOTOGRAPHS}.",
        )
    source = _Source(run, photos, count, run.absolute().name if title is None else title)
    if set(only) - {"loss_terms"}:
        source.networks  # noqa: B018  (an unfinished run is one error, not one for each picture)
    folder = run / "pictures" if out is None else Path(out)
    files: list[Path] = []
    failures: list[SsliqaError] = []
    for name in dict.fromkeys(only):
        on_picture(name)
        try:
            files.append(getattr(source, name)(folder / f"{name}.png"))
        except MissingExtraError:
            raise
        except SsliqaError as error:
            failures.append(error)
            source.problems.append(f"{name} is not drawn: {error}")
    if not files:
        raise failures[0]
    return Drawn(tuple(files), tuple(source.problems))


class _Source:
    """What the pictures of one run are made from, read when first needed; a method each."""

    def __init__(self, run: Path, photos: Sequence[Path], count: int, title: str) -> None:
        self._run = run
        self._photos = photos
        self._count = count
        self._title = title
        self.problems: list[str] = []

    @cached_property
    def networks(self) -> dict[str, QualityModel]:
        return load_branches(self._run)

    @cached_property
    def _test(self) -> LabelTable:
        return own_test_part(self._run)

    @cached_property
    def _evaluation(self) -> Evaluation:
        return evaluate_model(self.networks["student"], self._test).evaluation

    def loss_terms(self, path: Path) -> Path:
        return loss_terms_plot(self._run, path, title=self._title)

    def scatter(self, path: Path) -> Path:
        return scatter_plot(self._evaluation, path, title=self._title)

    def distributions(self, path: Path) -> Path:
        return distribution_plot(self._evaluation, path, title=self._title)

    def activation_maps(self, path: Path) -> Path:
        if self._photos:
            readable = [photo for photo, _ in self._decoded(self._photos)]
            return activation_maps_plot(self.networks, readable, path, title=self._title)
        table = self._spread(self._count)
        return activation_maps_plot(
            self.networks, table.paths, path, ratings=table.mos.tolist(), title=self._title
        )

    def relation_matrices(self, path: Path) -> Path:
        table = self._spread(_BATCH)
        crop = self.networks["student"].protocol.crop
        pixels = [image for _, image in self._decoded(table.paths)]
        crops = np.concatenate([grid_crops(image, crop, 1) for image in pixels])
        images = torch.from_numpy(crops).permute(0, 3, 1, 2)
        with torch.inference_mode():
            seen = {name: model(images).activation for name, model in self.networks.items()}
        relation = str(read_config(self._run).method.get("relation", "angle"))
        return relation_matrices_plot(seen, table.mos, path, relation=relation, title=self._title)

    def _spread(self, count: int) -> LabelTable:
        """Readable test photographs from the lowest to the highest rated, evenly by rank."""
        order = np.argsort(self._test.mos, kind="stable")
        places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
        chosen = self._test.subset(order[places])
        readable = {photo for photo, _ in self._decoded(chosen.paths)}
        return chosen.subset([k for k, photo in enumerate(chosen.paths) if photo in readable])

    def _decoded(self, photos: Sequence[Path]) -> list[tuple[Path, NDArray[np.uint8]]]:
        """The photographs that can be read, as the student sees them; others become problems."""
        protocol = self.networks["student"].protocol
        decoded = []
        for photo in photos:
            try:
                decoded.append((photo, read_resized(photo, protocol)))
            except ImageReadError as error:
                if str(error) not in self.problems:
                    self.problems.append(str(error))
        if not decoded:
            raise ImageReadError("None of the photographs to draw can be read.")
        return decoded

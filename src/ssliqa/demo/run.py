"""The whole way on embedded data: render, train, evaluate, score a folder, show a page."""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from ssliqa.data import LabelTable, list_photographs
from ssliqa.demo.page import write_page
from ssliqa.demo.photographs import render_photographs
from ssliqa.demo.summary import Judged, Trained, summarize
from ssliqa.errors import ConfigError
from ssliqa.evaluation import evaluate_model
from ssliqa.files import write_text
from ssliqa.images import Protocol
from ssliqa.models import QualityModel, load_model
from ssliqa.models.shipped import DEFAULT
from ssliqa.report.scatter import scatter_plot
from ssliqa.scoring import score_photos, write_scores
from ssliqa.training import BranchConfig, Monitor, OptimizerConfig, TrainConfig, train
from ssliqa.training.own_parts import own_test_part
from ssliqa.training.start import settings_from

PHOTOGRAPHS_COUNT = 600
NEW_PHOTOGRAPHS = 24
STEPS = 320
LABEL_BUDGET = 0.2
_MARKER = ".ssliqa-demo"
_OWN = ("photographs", "new-photographs", "runs", "evaluation", "scores.csv", "index.html")

# Without a network there are no ImageNet weights, and from random ones convolutional networks learn
# next to nothing from a hundred ratings. Statistics of natural scenes are fixed and need none.
STUDENT = BranchConfig(name="scene_statistics", options={"scales": 3, "width": 48})
TEACHER = BranchConfig(name="scene_statistics", options={"scales": 4, "width": 128})


@dataclass(frozen=True)
class DemoOptions:
    """What the demo runs on.

    ``labels``, ``images`` and ``scale`` name real photographs; without ``labels`` photographs are
    rendered and their ratings simulated.
    """

    out: Path
    labels: str | None = None
    images: str | None = None
    scale: str | None = None
    seed: int = 0
    count: int = PHOTOGRAPHS_COUNT
    steps: int = STEPS

    def __post_init__(self) -> None:
        if self.labels is None and (self.images is not None or self.scale is not None):
            raise ConfigError(
                "--images and --scale belong to ratings of your own, and none are given.",
                "Name them with --labels TABLE, or leave both out.",
            )
        if not 0 <= self.seed < 2**32:
            raise ConfigError(f"seed is {self.seed}; expected 0 or more, below 2^32.")
        own = [(self.out / name).resolve() for name in _OWN]
        for given in (self.labels, self.images):
            if given is not None and any(
                Path(given).resolve().is_relative_to(path) for path in own
            ):
                raise ConfigError(
                    f"'{given}' lies where the demo writes, and would be removed first.",
                    "Name another folder with --out.",
                )

    @property
    def own_ratings(self) -> str | None:
        """The options, as for a shell, that name the ratings the demo runs on, if any."""
        if self.labels is None:
            return None
        given = (("--labels", self.labels), ("--images", self.images), ("--scale", self.scale))
        return shlex.join(part for name, value in given if value for part in (name, value))


def run_demo(options: DemoOptions, stage: Callable[[str], AbstractContextManager[Monitor]]) -> Path:
    """Run the demo.

    Args:
        options: what it runs on and where results go.
        stage: opens a part of the work, such as "ssliqa", for those who watch.

    Returns:
        The page, ``out/index.html``.

    Raises:
        ConfigError: ``out`` holds something that no demo has made.
        SsliqaError: whatever is wrong with photographs or ratings of the user's own.
    """
    begun = time.monotonic()
    out = options.out
    _clear(out)
    with stage("photographs") as monitor:
        labels, images = _photographs(options, monitor)
    trained = {}
    for method in ("supervised", "ssliqa"):
        with stage(method) as monitor:
            trained[method] = _train(options, method, labels, images, monitor)
    with stage("starting from the model that comes with ssliqa") as monitor:
        started = _started(options, labels, images, monitor)
        known = _as_it_is(options, started)
    student = started.result.model
    with stage("a folder of other photographs") as monitor:
        new = _new_photographs(options, started)
        rows = []
        for done, row in enumerate(score_photos(student, new), 1):
            rows.append(row)
            monitor.preparing(done, len(new))
        write_scores(rows, out / "scores.csv", model="runs/from-default", scale=str(student.scale))
    result = summarize(
        trained["supervised"],
        trained["ssliqa"],
        known,
        started,
        rows,
        own_ratings=options.own_ratings,
        seconds=time.monotonic() - begun,
    )
    return write_page(result, out)


def _clear(out: Path) -> None:
    """Make ``out`` ready; what an earlier demo left there is removed, anything else refused."""
    if out.exists() and not (out / _MARKER).exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(
            f"'{out}' exists and was not made by a demo.", "Name another folder with --out."
        )
    for name in _OWN:
        path = out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    write_text(out / _MARKER, "This folder is made anew by each ssliqa demo.\n")


def _photographs(options: DemoOptions, monitor: Monitor) -> tuple[str, str | None]:
    if options.labels is not None:
        return options.labels, options.images
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        monitor.preparing(done, options.count)

    folder = options.out / "photographs"
    ratings = render_photographs(folder, options.count, options.seed, on_photograph=count)
    return str(ratings), str(folder / "images")


def _train(
    options: DemoOptions, method: str, labels: str, images: str | None, monitor: Monitor
) -> Trained:
    # Both methods get the same number of steps; an epoch is longer with unlabeled photographs.
    config = replace(
        _config(options, labels, images, method),
        method={"name": method},
        student=STUDENT,
        teacher=TEACHER,
        weights="none",
        protocol=Protocol(short=192, crop=128),
        steps=options.steps,
        optimizer=OptimizerConfig(lr=1e-2, head_factor=1, warmup=0.15),
    )
    return _trained(options, method, config, monitor)


def _started(options: DemoOptions, labels: str, images: str | None, monitor: Monitor) -> Trained:
    """The same ratings, with a network that has seen photographs before."""
    settings = settings_from(DEFAULT, with_method=True)
    config = replace(
        _config(options, labels, images, "from-default"),
        method=settings["method"],
        student=BranchConfig(**settings["student"]),
        protocol=Protocol.from_dict(settings["protocol"]),
        fit_head=settings["fit_head"],
        steps=settings["steps"],
    )
    return _trained(options, "from default", config, monitor)


def _config(options: DemoOptions, labels: str, images: str | None, run: str) -> TrainConfig:
    """What all trainings of the demo share: the same photographs, the same few ratings."""
    return TrainConfig(
        labels=labels,
        images=images,
        scale=options.scale,
        label_budget=LABEL_BUDGET,
        seed=options.seed,
        cache=str(options.out / "photographs" / "cache"),
        out=str(options.out / "runs" / run),
    )


def _trained(options: DemoOptions, name: str, config: TrainConfig, monitor: Monitor) -> Trained:
    begun = time.monotonic()
    result = train(config, monitor)
    seconds = time.monotonic() - begun
    table = own_test_part(result.folder)
    judged = _judged(options, name, result.model, table, result.folder.name, seconds)
    return Trained(**vars(judged), config=config, result=result)


def _as_it_is(options: DemoOptions, started: Trained) -> Judged:
    """The model that comes with the package, on the photographs that test the others."""
    table = own_test_part(started.result.folder)
    return _judged(options, "default, as it is", load_model(DEFAULT), table, DEFAULT, 0.0)


def _judged(
    options: DemoOptions,
    name: str,
    model: QualityModel,
    table: LabelTable,
    folder_name: str,
    seconds: float,
) -> Judged:
    evaluated = evaluate_model(model, table)
    folder = options.out / "evaluation" / folder_name
    evaluated.evaluation.write(folder)
    scatter = scatter_plot(evaluated.evaluation, folder / "scatter.png", title=name)
    return Judged(name, evaluated.evaluation, evaluated.scored, seconds, scatter)


def _new_photographs(options: DemoOptions, trained: Trained) -> list[Path]:
    """Photographs that nobody rated: rendered ones of other contents, or the test part's own."""
    if options.labels is None:
        folder = options.out / "new-photographs"
        render_photographs(folder, NEW_PHOTOGRAPHS, options.seed + 1)
        (folder / "ratings.csv").unlink()
        return list_photographs([folder / "images"])
    return [photo.path for photo in trained.scored[:NEW_PHOTOGRAPHS]]

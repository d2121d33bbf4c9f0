"""One cell of a benchmark, in a process of its own: ``python -m ssliqa.benchmark.cell FOLDER``.

    FOLDER/cell.json     what to do          FOLDER/run/           the training's run folder
    FOLDER/result.json   written last        FOLDER/evaluation/    one folder for each test set
    FOLDER/pictures/     of the training, where it is to be shown
    FOLDER/log.txt       what the training had to say, and the last words of one that failed

A process of its own frees its memory, cannot take the others down with it, and has its own number
of threads. It stops when its standard input closes, which the system does when whoever started it
ends in whatever way, and leaves a training that the next attempt resumes.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ssliqa.benchmark.plan import Cell
from ssliqa.benchmark.test_sets import OWN_TEST
from ssliqa.data import LabelTable, RatedSource
from ssliqa.errors import SsliqaError
from ssliqa.evaluation import Evaluation, evaluate_model
from ssliqa.files import write_text
from ssliqa.memory import keep_freed_memory
from ssliqa.models import QualityModel, load_model
from ssliqa.report.distributions import distribution_plot
from ssliqa.report.pictures import draw_pictures
from ssliqa.report.scatter import scatter_plot
from ssliqa.scoring.engines import open_engine
from ssliqa.training import Monitor, resume, train
from ssliqa.training.own_parts import own_test_part
from ssliqa.training.run_config import config_parser, config_values, parse_config

RESULT = "result.json"
NOTE = "note: "
"""Begins what a training says that is no failure."""
PICTURES = ("loss_terms", "activation_maps", "relation_matrices")
"""What is drawn of a training; scatter plots and distributions stand with each test set."""

# PyTorch scores some 30 photographs in the time that converting a model for another engine takes.
_WORTH_CONVERTING = 60


class _Log(Monitor):
    """Notes what a training has to say, such as that its method is given no photographs."""

    def message(self, text: str) -> None:
        """See :meth:`Monitor.message`."""
        print(f"{NOTE}{text}", flush=True)


def write_cell(folder: Path, cell: Cell, tests: dict[str, RatedSource], *, pictures: bool) -> None:
    """Write what :func:`run_cell` is to do, and whether it is to draw pictures."""
    values = config_values(cell.config) | {"out": str((folder / "run").absolute())}
    of_tests = {name: asdict(test) for name, test in tests.items()}
    told = {"settings": values, "tests": of_tests, "pictures": pictures}
    write_text(folder / "cell.json", json.dumps(told, indent=1) + "\n")


def is_done(folder: Path, tests: Iterable[str]) -> bool:
    """Whether a cell has its results, also on the test sets of these names.

    Test sets may have been added to the plan since.
    """
    return (folder / RESULT).exists() and set(tests) <= set(_read(folder / RESULT)["figures"])


def run_cell(folder: Path) -> None:
    """Train, or go on with the training, and evaluate; ``result.json`` is written last.

    Raises:
        SsliqaError: whatever is wrong with settings, photographs or ratings.
    """
    cell = _read(folder / "cell.json")
    run = folder / "run"
    if (folder / RESULT).exists():
        result, model = _read(folder / RESULT), load_model(run)
    else:
        result, model = _train(cell["settings"], run)
    sources: dict[str, Callable[[], LabelTable]] = {OWN_TEST: lambda: own_test_part(run)}
    sources |= {name: RatedSource(**test).read for name, test in cell["tests"].items()}
    tables = {name: read() for name, read in sources.items() if name not in result["figures"]}
    many = sum(map(len, tables.values())) > _WORTH_CONVERTING
    engine = open_engine(run, "auto" if many else "torch", str(model.mean.device))
    evaluations = {name: evaluate_model(engine, table).evaluation for name, table in tables.items()}
    for name, evaluation in evaluations.items():
        evaluation.write(folder / "evaluation" / name)
        result["figures"][name] = evaluation.to_dict()
    if cell["pictures"]:
        _draw(folder, evaluations)
    write_text(folder / RESULT, json.dumps(result, indent=1, allow_nan=False) + "\n")


def _train(settings: dict[str, Any], run: Path) -> tuple[dict[str, Any], QualityModel]:
    """Train, or go on with the training; what is to be told of it, still without figures."""
    started, worked = time.monotonic(), time.process_time()
    if (run / "config.yaml").exists():
        model = resume(run, _Log()).model
    else:
        config = parse_config(config_parser(settings["method"]["name"]), values=settings)
        model = train(config, _Log()).model
    environment = _read(run / "environment.json")
    result = {
        "figures": {},
        "labeled": environment["labeled"],
        "unlabeled": environment["unlabeled"],
        "parameters": sum(values.numel() for values in model.parameters()),
        "seconds": time.monotonic() - started,
        "processor_seconds": time.process_time() - worked,
    }
    return result, model


def _draw(folder: Path, evaluations: Mapping[str, Evaluation]) -> None:
    """Draw the cell's pictures; whatever goes wrong with them costs no result."""
    try:
        for name, evaluation in evaluations.items():
            of_test = folder / "evaluation" / name
            scatter_plot(evaluation, of_test / "scatter.png", title=name)
            distribution_plot(evaluation, of_test / "distributions.png", title=name)
        drawn = draw_pictures(
            folder / "run", folder / "pictures", only=PICTURES, count=3, title=folder.name
        )
        for problem in drawn.problems:
            print(f"ssliqa: {problem}", file=sys.stderr)
    except Exception as error:
        # Hours of training stand behind a result, and a picture can be drawn again.
        print(f"ssliqa: Pictures are missing: {error!r}", file=sys.stderr)


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _stop_with_parent() -> None:
    """End this process as SIGTERM does once standard input is at its end."""

    def watch() -> None:
        # Not sys.stdin.read(): a thread that holds its lock would break the interpreter's shutdown.
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def main(folder: Path) -> int:
    """Run the cell and return an exit status as the command line does."""
    _stop_with_parent()
    keep_freed_memory()
    # An earlier attempt whose parent was killed may still be writing its last checkpoint.
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_done(folder, _read(folder / "cell.json")["tests"]):
            return 0
        try:
            run_cell(folder)
        except SsliqaError as error:
            print(f"ssliqa: {error}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

"""What scores: options of the commands that take any engine."""

from __future__ import annotations

import sys

from jsonargparse import ArgumentParser, Namespace

from ssliqa.scoring.engines import ENGINES, PRECISIONS, Engine, open_engine


def add_engine_options(parser: ArgumentParser) -> None:
    """The options that say what scores; see :func:`engine_from`."""
    parser.add_argument("--device", type=str, default="cpu", help="cpu or cuda")
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="auto",
        help="what computes (auto: the fastest that is installed)",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="f32",
        help="bf16: with OpenVINO, on processors that have it, less time and coarser scores",
    )


def engine_from(options: Namespace, model: str) -> Engine:
    """The engine that the options of :func:`add_engine_options` name, ready to score.

    Args:
        options: the parsed options.
        model: what to open; see :func:`ssliqa.scoring.engines.open_engine`, also for the errors.
    """
    return open_engine(
        model,
        options.engine,
        options.device,
        say=lambda text: print(f"ssliqa: {text}", file=sys.stderr),
        precision=options.precision,
    )

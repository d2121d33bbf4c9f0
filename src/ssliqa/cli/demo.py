"""``ssliqa demo``"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jsonargparse import ArgumentParser
from rich.console import Console

from ssliqa.cli.parsing import parse
from ssliqa.cli.progress import training_bars
from ssliqa.demo.run import DemoOptions, run_demo
from ssliqa.training import Monitor


def parser() -> ArgumentParser:
    """The options of ``ssliqa demo``."""
    options = ArgumentParser(
        prog="ssliqa demo",
        description="The whole way in a few minutes, without a network or data: render photographs "
        "with simulated ratings, train with a fifth of the ratings, evaluate, score a folder, and "
        "show it all on a page. With --labels and --images on photographs of your own.",
        exit_on_error=False,
    )
    options.add_argument("--out", type=str, default="demo-out", help="folder for the results")
    options.add_argument("--labels", type=str, help="table of ratings of your own")
    options.add_argument("--images", type=str, help="folder that its names are relative to")
    options.add_argument("--scale", type=str, help="scale of the ratings (default: 1-5)")
    options.add_argument("--seed", type=int, default=0, help="of everything that is drawn")
    return options


def run(arguments: list[str]) -> int:
    """Run the demo and say where its page is."""
    options = parse(parser(), arguments)
    console = Console(stderr=True)

    @contextmanager
    def stage(name: str) -> Iterator[Monitor]:
        console.print(f"[bold]{name}[/bold]")
        with training_bars(console) as bars:
            yield bars

    page = run_demo(
        DemoOptions(
            out=Path(options.out).expanduser(),
            labels=options.labels,
            images=options.images,
            scale=options.scale,
            seed=options.seed,
        ),
        stage,
    )
    print(f"Open {page} in a browser.")
    return 0

"""``ssliqa map``"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

from jsonargparse import ArgumentParser
from PIL import Image
from rich.console import Console

from ssliqa.cli.parsing import parse
from ssliqa.cli.progress import progress_bar
from ssliqa.data import list_photographs
from ssliqa.errors import ConfigError, ImageReadError, first_few
from ssliqa.models import load_model
from ssliqa.models.shipped import DEFAULT
from ssliqa.report.drawing import SOFTWARE
from ssliqa.report.quality_map import quality_map_plot
from ssliqa.report.quality_numbers import FORMS, numbers_file, write_numbers
from ssliqa.scoring.table import printable

_PICTURES = (".png", ".svg")
_OTHER_PICTURES = (".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".gif", ".bmp", ".pdf")


def parser() -> ArgumentParser:
    """The options of ``ssliqa map``."""
    options = ArgumentParser(
        prog="ssliqa map",
        description="Draw where photographs are good or bad: the score of every place, by the "
        "network that scores the photograph, on the scale of the ratings.",
        exit_on_error=False,
    )
    options.add_argument(
        "paths", nargs="+", type=str, metavar="PATH", help="photos, folders, globs or .txt lists"
    )
    options.add_argument(
        "--model",
        type=str,
        default=DEFAULT,
        help="run folder, model folder, or a name: that of a model that comes with ssliqa, or one "
        "on the hub",
    )
    options.add_argument(
        "--out",
        type=str,
        required=True,
        help="picture of one photograph (.png or .svg), or a folder for a picture of each",
    )
    options.add_argument(
        "--raw",
        choices=FORMS,
        help="write the numbers beside each picture, too: as a NumPy array, a table, or a 16-bit "
        "PNG whose 0 and 65535 are the ends of the rating scale",
    )
    options.add_argument("--device", type=str, default="cpu", help="cpu or cuda")
    return options


def run(arguments: list[str]) -> int:
    """Draw maps; status 1 if some photographs could not be read."""
    options = parse(parser(), arguments)
    photos = list_photographs(options.paths)
    pictures = _pictures(photos, Path(options.out).expanduser())
    _check(photos, pictures, options.raw)
    model = load_model(options.model, options.device)
    failures = []
    with progress_bar(Console(stderr=True)) as bars:
        task = bars.add_task("drawing", total=len(photos), note="")
        for photo, file in zip(photos, pictures, strict=True):
            try:
                found = model.quality_map(photo)
            except ImageReadError as error:
                failures.append(str(error))
            else:
                quality_map_plot(found, file, title=printable(photo.name))
                if options.raw is not None:
                    write_numbers(found, numbers_file(file, options.raw))
                low, high = found.values.min(), found.values.max()
                print(
                    f"{printable(file)}: score {found.score.score:.4g}, "
                    f"places {low:.4g} to {high:.4g}"
                )
            bars.advance(task)
    for failure in failures:
        print(f"ssliqa: {failure}", file=sys.stderr)
    drawn = len(photos) - len(failures)
    print(
        f"{drawn} {'map' if drawn == 1 else 'maps'} on the scale {model.scale}"
        f"{f', {len(failures)} failed' if failures else ''}",
        file=sys.stderr,
    )
    return 1 if failures else 0


def _pictures(photos: list[Path], out: Path) -> list[Path]:
    """Where the picture of each photograph goes; subfolders are kept where names repeat."""
    if out.suffix.lower() in _PICTURES and not out.is_dir():
        if len(photos) > 1:
            raise ConfigError(
                f"'{out}' is one picture, but there are {len(photos)} photographs.",
                "Name a folder with --out DIR.",
            )
        return [out]
    if out.suffix.lower() in _OTHER_PICTURES and not out.is_dir():
        raise ConfigError(
            f"'{out}' is no picture that can be drawn.",
            "Name a file ending in .png or .svg, or a folder.",
        )
    if out.exists() and not out.is_dir():
        raise ConfigError(f"'{out}' is a file.", "Name a folder with --out DIR.")
    if len({photo.stem.lower() for photo in photos}) == len(photos):
        return [out / f"{photo.stem}.png" for photo in photos]
    # The path as it was typed: what a link points to may lie anywhere.
    files = [Path(os.path.abspath(photo)) for photo in photos]  # noqa: PTH100
    above = os.path.commonpath([file.parent for file in files])
    names = [file.relative_to(above) for file in files]
    taken = Counter(str(name.with_suffix("")).lower() for name in names)
    return [
        out
        / (
            name.with_suffix(".png")
            if taken[str(name.with_suffix("")).lower()] == 1
            else name.with_name(f"{name.name}.png")
        )
        for name in names
    ]


def _check(photos: list[Path], pictures: list[Path], raw: str | None) -> None:
    """Refuse to write over a photograph, before anything is drawn."""
    numbers = [] if raw is None else [numbers_file(picture, raw) for picture in pictures]
    originals = {photo.resolve() for photo in photos}
    lost = [
        file
        for file in (*pictures, *numbers)
        if file.resolve() in originals or (file in pictures and _is_foreign(file))
    ]
    if lost:
        raise ConfigError(
            f"A map would be written over a photograph: {first_few(lost, 3)}.",
            "Name another --out.",
        )


def _is_foreign(picture: Path) -> bool:
    """Whether a picture is there already that no plot of ours can be: perhaps a photograph."""
    if picture.suffix.lower() != ".png" or not picture.is_file():
        return False
    try:
        with Image.open(picture) as image:
            return image.info.get("Software") != SOFTWARE
    except OSError:
        return True

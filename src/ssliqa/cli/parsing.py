"""What the parsers of all commands have in common."""

from __future__ import annotations

from collections.abc import Sequence

from jsonargparse import ArgumentError, ArgumentParser, Namespace

from ssliqa.errors import ConfigError
from ssliqa.training.parser_words import plain_words

FEWEST_RESAMPLES = 100


def underscored(arguments: Sequence[str]) -> list[str]:
    """Option names with underscores: ``--label-budget`` is ``--label_budget``."""
    result = []
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if name.startswith("--"):
            argument = "--" + name[2:].replace("-", "_") + equals + value
        result.append(argument)
    return result


def parse(parser: ArgumentParser, arguments: Sequence[str]) -> Namespace:
    """Parse a command's arguments.

    Raises:
        ConfigError: an unknown, missing or unusable option.
    """
    try:
        return parser.parse_args(underscored(arguments))
    except ArgumentError as error:
        raise ConfigError(plain_words(error), f"See: {parser.prog} --help") from error


def add_label_options(parser: ArgumentParser) -> None:
    """The options that name a label table and say what its cells mean."""
    parser.add_argument("--labels", type=str, help="table of ratings")
    parser.add_argument("--images", type=str, help="folder that its names are relative to")
    parser.add_argument(
        "--scale", type=str, help="scale of the ratings, such as '0-100' (default: 1-5)"
    )
    parser.add_argument(
        "--columns", type=dict[str, str], default={}, help='unusual columns, as {"mos": "Q"}'
    )


def add_source_options(parser: ArgumentParser) -> None:
    """The options that name rated photographs, for :func:`ssliqa.data.read_rated`."""
    add_label_options(parser)
    parser.add_argument(
        "--dataset", type=str, help="a database instead of a table; 'ssliqa datasets' lists them"
    )
    parser.add_argument("--root", type=str, help="folder of the database's copy")
    parser.add_argument(
        "--subset", type=str, help="only this part of the database, such as a resolution of nnid"
    )
    parser.add_argument(
        "--on_problem",
        choices=("error", "warn"),
        default="error",
        help="refuse ratings with contradictions, or set those rows aside",
    )


def add_resamples(parser: ArgumentParser) -> None:
    """The option for the number of bootstrap resamples."""
    parser.add_argument(
        "--resamples", type=int, default=1000, help="bootstrap resamples for the intervals"
    )


def check_resamples(options: Namespace) -> None:
    """Refuse too few resamples before anything is computed.

    Raises:
        ConfigError: fewer than an interval can be read off.
    """
    if options.resamples < FEWEST_RESAMPLES:
        raise ConfigError(
            f"{options.resamples} resamples are too few for an interval.",
            f"Use {FEWEST_RESAMPLES} or more; 1000 is usual.",
        )

"""Configurations as flags and as YAML: one parser for the command line and for run folders.

A method's own settings are known once its name is, so the parser is built for one method;
``method.<setting>`` is then checked like every other option.
"""

from __future__ import annotations

from dataclasses import asdict, fields, make_dataclass
from inspect import cleandoc
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import (  # type: ignore[attr-defined]
    ActionConfigFile,
    ArgumentError,
    ArgumentParser,
    Namespace,
)

from ssliqa.errors import ConfigError, ResumeError
from ssliqa.files import write_text
from ssliqa.methods import find_method
from ssliqa.training.config import TrainConfig
from ssliqa.training.parser_words import plain_words

FILE = "config.yaml"


def config_parser(method: str, description: str = "") -> ArgumentParser:
    """A parser of training settings with the options of one method.

    Raises:
        ConfigError: there is no such method.
    """
    parser = ArgumentParser(
        prog="ssliqa train", description=description, exit_on_error=False, default_env=False
    )
    parser.add_argument(
        "--config", action=ActionConfigFile, help="YAML file of settings; later ones win"
    )
    parser.add_class_arguments(TrainConfig, skip={"method", "unlabeled"})
    parser.add_argument(
        "--unlabeled",
        nargs="*",
        type=str,
        default=[],
        help="further photographs without ratings: folders, files, globs or .txt lists",
    )
    parser.add_class_arguments(_named(method), "method")
    return parser


def _named(method: str) -> type[Any]:
    """The method's ``Config`` with one more field, its name."""
    base = find_method(method).Config
    named = make_dataclass(base.__name__, [("name", str, method)], bases=(base,), frozen=True)
    named.__doc__ = (
        f"{cleandoc(base.__doc__ or '')}\n    name: the method, a file of ssliqa.methods."
    )
    return named


def parse_config(
    parser: ArgumentParser, arguments: list[str] | None = None, values: dict[str, Any] | None = None
) -> TrainConfig:
    """Settings from command-line arguments or from nested values.

    Raises:
        ConfigError: an unknown or missing setting, or a value of the wrong kind.
    """
    try:
        found = parser.parse_object(values) if values is not None else parser.parse_args(arguments)
        built: Namespace = parser.instantiate(found)
    except (ArgumentError, UnicodeDecodeError) as error:
        found_wrong, remedy = plain_words(error), "See: ssliqa train --help"
        if "--method." in found_wrong:
            name = parser.get_default("method.name")
            remedy = f"The method is {name}; name the one that has this option by --method."
        raise ConfigError(found_wrong, remedy) from error
    settings = dict(vars(built))
    settings.pop("config", None)
    settings["method"] = asdict(settings["method"])
    return TrainConfig(**settings)


def write_config(config: TrainConfig, folder: Path) -> None:
    """Write the resolved settings as ``config.yaml``."""
    write_text(folder / FILE, yaml.safe_dump(config_values(config), sort_keys=False))


def read_config(folder: Path) -> TrainConfig:
    """The settings of a run.

    Raises:
        ResumeError: the folder holds no run, or its settings cannot be read.
    """
    try:
        values = yaml.safe_load((folder / FILE).read_text(encoding="utf-8"))
        method = str(values["method"]["name"])
    except FileNotFoundError as error:
        raise ResumeError(
            f"'{folder}' holds no run: it has no {FILE}.",
            "Start one by leaving out --resume, or name another --out.",
        ) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ResumeError(
            f"'{folder / FILE}' cannot be read ({error}).".replace("\n", " "),
            "Restore it, or train into another folder.",
        ) from error
    return parse_config(config_parser(method), values=values)


def config_values(config: TrainConfig) -> dict[str, Any]:
    """A configuration as nested plain values."""
    values = asdict(config)
    return {name: _plain(value) for name, value in values.items()}


def method_settings(config: TrainConfig) -> Any:
    """The method's own settings, an instance of its ``Config``.

    Raises:
        ConfigError: a setting the method does not have; the message lists those it has.
    """
    kind = find_method(str(config.method["name"])).Config
    given = {name: value for name, value in config.method.items() if name != "name"}
    known = [field.name for field in fields(kind)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ConfigError(
            f"The method '{config.method['name']}' has no setting {', '.join(unknown)}.",
            f"It has: {', '.join(known)}.",
        )
    return kind(**given)


def _plain(value: Any) -> Any:
    """Tuples as lists, all the way down: YAML has no tuples."""
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value

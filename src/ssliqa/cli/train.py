"""``ssliqa train``"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from ssliqa.cli.parsing import underscored
from ssliqa.cli.progress import training_bars
from ssliqa.errors import ConfigError
from ssliqa.methods import method_names
from ssliqa.training import TrainConfig, resume, train
from ssliqa.training.config import DEFAULT_METHOD
from ssliqa.training.forms import GROUPS, NAMED, well_formed
from ssliqa.training.presets import preset_names, read_preset
from ssliqa.training.run_config import config_parser, parse_config
from ssliqa.training.start import settings_from

# What a user writes short, and where it stands in the configuration.
_SHORT = {name: f"{name}.name" for name in NAMED}
_SUFFIXES = (".yaml", ".yml", ".json")


def run(arguments: list[str]) -> int:
    """Train, or go on with an interrupted run."""
    arguments = underscored(arguments)
    console = Console(stderr=True)
    if "--resume" in arguments:
        arguments.remove("--resume")
        folder = _only_out(arguments)
        with training_bars(console) as bars:
            result = resume(folder, bars)
    else:
        config = configuration(arguments)
        with training_bars(console) as bars:
            result = train(config, bars)
    print(
        f"The model is in {result.folder / 'model'}. It learned from {result.labeled} ratings and "
        f"scores on the scale {result.model.scale}; {result.test} were set aside for a test."
    )
    if result.best_validation_srcc is not None:
        print(f"Best SRCC on the validation images: {result.best_validation_srcc:.3f}.")
    print(
        f"Next: ssliqa evaluate {result.folder}   or   ssliqa score PHOTOS --model {result.folder}"
    )
    if result.model.calibration is None:
        print(
            "Its scores have no lower and upper yet; photographs that it has not learned from give "
            f"them: ssliqa calibrate {result.folder} --labels TABLE --images FOLDER"
        )
    return 0


def configuration(arguments: Sequence[str]) -> TrainConfig:
    """The settings that command-line arguments describe.

    Raises:
        ConfigError: unknown, missing or unusable settings.
    """
    expanded = expand(arguments)
    parser = config_parser(
        _method_of(expanded),
        "Train an image-quality model from a few ratings and many photographs. Dashes and "
        "underscores in names are the same; --method, --student and --teacher take a name alone. "
        f"Methods: {', '.join(method_names())}. Presets (--preset): {', '.join(preset_names())}. "
        "--from MODEL starts from a trained model, such as default. "
        "--resume --out DIR goes on with an interrupted run.",
    )
    return parse_config(parser, expanded)


def expand(arguments: Sequence[str]) -> list[str]:
    """Write short options in full, and put files first, since what comes later wins.

    So a preset gives way to a model to start from, that to a configuration file, and all of them to
    an option, in whatever order a user writes them.
    """
    result: list[str] = []
    presets: list[str] = []
    models: list[str] = []
    then: list[str] = []
    rest = underscored(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name in ("--preset", "--from"):
            value = value or (rest.pop(0) if rest else "")
            (presets if name == "--preset" else models).append(value)
            continue
        if name == "--config":
            then += [name, _in_full(value if equals or not rest else rest.pop(0))]
            continue
        if name.startswith("--"):
            following = value if equals else rest[0] if rest else ""
            if not following.endswith(_SUFFIXES):
                name = f"--{_SHORT.get(name[2:], name[2:])}"
        if name == "--strict" and not equals and rest[:1] not in (["true"], ["false"]):
            equals, value = "=", "true"
        result.append(name + equals + value)
    given = then + result
    texts = [_preset(name, given) for name in presets]
    own_method = not presets and not _method_of(given, "")
    texts += [json.dumps(settings_from(name, with_method=own_method)) for name in models]
    return [part for text in texts for part in ("--config", text)] + given


def _in_full(file: str) -> str:
    """A configuration file; where it writes some setting short, its values written out.

    Raises:
        ConfigError: see :func:`ssliqa.training.forms.well_formed`.
    """
    given = _values_of(file)
    values = well_formed(given, "In the configuration")
    short = {
        name: {"name": values[name]}
        for name in _SHORT
        if isinstance(values.get(name), str) and not values[name].endswith(_SUFFIXES)
    }
    if not short and values == given:
        return file
    # Files that it names itself are relative to it.
    named = {
        name: str(Path(file).expanduser().absolute().parent / value)
        for name, value in values.items()
        if name in GROUPS and isinstance(value, str) and name not in short
    }
    written = yaml.safe_dump({**values, **short, **named}, default_flow_style=True, width=10**9)
    return str(written).strip()


def _values_of(config: str) -> dict[str, Any]:
    """The values of a configuration file or text; none where the parser will find fault with it."""
    try:
        text = config if config.startswith("{") else Path(config).expanduser().read_text("utf-8")
        values = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return values if isinstance(values, dict) else {}


def _preset(name: str, given: Sequence[str]) -> str:
    """A preset as a configuration in itself (JSON), for the method that the user chooses."""
    method = _method_of(given, read_preset(name)["method"]["name"])
    return json.dumps(read_preset(name, method))


def _method_of(arguments: Sequence[str], method: str = DEFAULT_METHOD) -> str:
    """The method that the last option or configuration names, ``method`` where none does."""
    for name, value in _options(arguments):
        if name == "--method.name":
            method = value
        elif name == "--config":
            named = _values_of(value).get("method")
            if isinstance(named, dict):
                method = named.get("name", method)
    return method


def _options(arguments: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for k, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name.startswith("--"):
            following = arguments[k + 1] if k + 1 < len(arguments) else ""
            found.append((name, value if equals else following))
    return found


def _only_out(arguments: list[str]) -> Path:
    match arguments:
        case ["--out", folder]:
            return Path(folder).expanduser()
        case [out] if out.startswith("--out="):
            return Path(out.removeprefix("--out=")).expanduser()
    raise ConfigError(
        "--resume takes the run folder and nothing else, since the run's settings are in it.",
        "Write: ssliqa train --resume --out DIR",
    )

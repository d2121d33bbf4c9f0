"""Methods are found by their name: ``mean_teacher`` is the one in ``methods/mean_teacher.py``."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys

from ssliqa.errors import ConfigError
from ssliqa.methods.contract import Method

_NOT_METHODS = {
    "average",
    "branch",
    "contract",
    "crops",
    "find",
    "fitted_head",
    "joined_batch",
    "photo_means",
    "self_evident",
    "settings",
    "trust",
}


def method_names() -> list[str]:
    """The names of all methods, sorted."""
    found = (module.name for module in pkgutil.iter_modules(sys.modules["ssliqa.methods"].__path__))
    return sorted(set(found) - _NOT_METHODS)


def find_method(name: str) -> type[Method]:
    """The method of this name.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    if name not in method_names():
        raise ConfigError(
            f"There is no method called '{name}'.", f"The methods are: {', '.join(method_names())}."
        )
    module = importlib.import_module(f"ssliqa.methods.{name}")
    methods: list[type[Method]] = [
        member
        for member in vars(module).values()
        if inspect.isclass(member)
        and issubclass(member, Method)
        and member.__module__ == module.__name__
    ]
    (method,) = methods  # one concept a file: a second method in it is a programming error
    return method

"""What ``import ssliqa`` promises: one list of names, and next to no cost until they are used."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import ssliqa

ROOT = Path(__file__).parents[1]

# Importing any module of ours must neither reach for the network nor write a file.
IMPORT_ALL = """
import builtins, importlib, pkgutil, socket, sys

def forbidden(*arguments, **_):
    sys.exit(f"at import: {arguments}")

socket.socket.connect = socket.getaddrinfo = forbidden
ordinary_open = builtins.open
def watched_open(file, mode="r", *rest, **named):
    if set(mode) & set("wax+") and str(file) != "/dev/null":
        forbidden("open", file, mode)
    return ordinary_open(file, mode, *rest, **named)
builtins.open = watched_open

import ssliqa
for module in pkgutil.walk_packages(ssliqa.__path__, "ssliqa."):
    if module.name != "ssliqa.__main__":  # the one that runs the program
        importlib.import_module(module.name)
print("all imported")
"""


def python(code):
    return subprocess.run(
        [sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False
    )


def test_the_public_names_are_sorted_and_unique():
    assert ssliqa.__all__ == sorted(set(ssliqa.__all__))


@pytest.mark.parametrize("name", ssliqa.__all__)
def test_every_public_name_is_there_and_documented(name):
    member = getattr(ssliqa, name)
    assert member.__name__ == name
    assert member.__module__.startswith("ssliqa.")
    assert member.__doc__


def test_the_list_of_names_is_kept_once():
    # __all__, the table of homes and the imports for type checkers must say the same.
    assert sorted(ssliqa._HOME) == ssliqa.__all__
    tree = ast.parse(Path(ssliqa.__file__).read_text(encoding="utf-8"))
    (for_checkers,) = (node for node in tree.body if isinstance(node, ast.If))
    imported = {
        alias.name: node.module
        for node in for_checkers.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == {name: f"ssliqa.{home}" for name, home in ssliqa._HOME.items()}


@pytest.mark.parametrize("name", ssliqa.__all__)
def test_a_public_name_is_also_public_in_its_own_room(name):
    room = importlib.import_module(f"ssliqa.{ssliqa._HOME[name]}")
    assert getattr(room, name) is getattr(ssliqa, name)
    assert name in getattr(room, "__all__", [name])


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'QualtyModel'"):
        ssliqa.QualtyModel  # noqa: B018


def test_the_version_is_that_of_the_package():
    assert f'\nversion = "{ssliqa.__version__}"\n' in (ROOT / "pyproject.toml").read_text()


def test_importing_the_package_is_light():
    done = python(
        "import sys, ssliqa, ssliqa.errors, ssliqa.files, ssliqa.cli.main\n"
        "print(sorted({'torch', 'numpy', 'scipy', 'pandas', 'PIL'} & set(sys.modules)))"
    )
    assert done.stdout == "[]\n", done.stderr


def test_opinions_and_metrics_need_no_deep_learning_and_no_plotting():
    done = python(
        "import sys, ssliqa.opinion, ssliqa.metrics\n"
        "print(sorted({'torch', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    assert done.stdout == "[]\n", done.stderr


def test_no_module_reaches_out_or_writes_at_import():
    done = python(IMPORT_ALL)
    assert done.stdout == "all imported\n", done.stderr

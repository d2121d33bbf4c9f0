"""Make the reference pages from the code, so that they cannot go stale (a test compares them).

python docs/generate.py
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

from ssliqa.cli.main import COMMANDS
from ssliqa.data import dataset_names, find_dataset
from ssliqa.files import write_text
from ssliqa.methods import find_method, method_names

DOCS = Path(__file__).parent


def main() -> None:
    for path, text in pages().items():
        write_text(path, text)


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    return {
        DOCS / "reference" / "command-line.md": command_line(),
        DOCS / "reference" / "datasets.md": datasets(),
        DOCS / "reference" / "methods.md": methods(),
    }


def command_line() -> str:
    parts = ["# Command line\n\nMade by `python docs/generate.py` from the commands' own help.\n"]
    for command in ("", *COMMANDS):
        title = f"ssliqa {command}".strip()
        parts.append(f"## {title}\n\n```text\n{help_of(command)}\n```\n")
    return "\n".join(parts)


def help_of(command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ssliqa", *command.split(), "--help"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
    )
    return "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())


def datasets() -> str:
    parts = [
        "# Databases\n\nMade by `python docs/generate.py` from `ssliqa.data.datasets`. How they "
        "are used: [databases](../datasets.md).\n"
    ]
    for name in dataset_names():
        spec = find_dataset(name)
        url = f"<{spec.url}>" if spec.url.startswith("http") else spec.url
        direction = "higher" if spec.scale.higher_is_better else "lower"
        facts = {
            "to cite": spec.citation,
            "licence": spec.licence,
            "to be had": url,
            "images": "as many as the lists name" if spec.images is None else f"{spec.images:,}",
            "label": spec.label,
            "scale": f"{str(spec.scale).partition(',')[0]}, {direction} is better",
            "content groups": spec.groups,
            "official split": spec.parts,
            "subsets (`--subset`)": ", ".join(spec.subsets),
            "below the root": "<br>".join(f"`{line}`" for line in spec.layout),
            "note": spec.note,
        }
        rows = "\n".join(f"| {what} | {fact} |" for what, fact in facts.items() if fact)
        parts.append(f"## {name}\n\n| {spec.title} | |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def methods() -> str:
    parts = [
        "# Methods\n\nMade by `python docs/generate.py` from `ssliqa.methods`. Choose one with "
        "`--method NAME`; its settings are `--method.SETTING VALUE`.\n"
    ]
    for name in method_names():
        method = find_method(name)
        module = sys.modules[method.__module__]
        parts.append(
            f"## {name}\n\n```text\n{(module.__doc__ or '').strip()}\n\n"
            f"{inspect.cleandoc(method.Config.__doc__ or '')}\n```\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    main()

"""``ssliqa``: the entry point. Commands are imported when called, so that help comes at once."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Callable, Sequence

from ssliqa import __version__
from ssliqa.errors import SsliqaError

COMMANDS = {
    "demo": "the whole way on photographs made up on the spot, with a page to look at",
    "train": "a few ratings and many photographs -> a model",
    "evaluate": "how well a model agrees with ratings, with confidence intervals",
    "calibrate": "give a model's scores an interval, from rated photographs it has not seen",
    "pictures": "loss terms, distributions, activation maps and relations of a training",
    "benchmark": "compare methods, networks and label budgets over splits, by a plan",
    "compare": "whose scores agree better with ratings, with paired tests",
    "models": "the networks there are: size, work, license, speed on this machine",
    "score": "score photographs with a trained model",
    "export": "a model as a file for ONNX Runtime or OpenVINO, verified on photographs",
    "map": "where a photograph is good or bad, as a picture or as numbers",
    "datasets": "the databases that can be read by name; check a copy of rated photographs",
}

OK, SOME_FAILED, FAILED = 0, 1, 2
INTERRUPTED = 130


def usage() -> str:
    """The overview that ``ssliqa --help`` prints."""
    lines = "\n".join(f"  {name:<10}{text}" for name, text in COMMANDS.items())
    return (
        "usage: ssliqa COMMAND [options]\n\n"
        "From a handful of ratings to a deployed image-quality model.\n\n"
        f"commands:\n{lines}\n\n"
        "ssliqa COMMAND --help tells all about a command. "
        "Exit status: 0 all well, 1 some files failed,\n2 the command could not be carried out.\n"
    )


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; a user's mistake is one message."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage(), end="")
        return OK if arguments else FAILED
    if arguments[0] == "--version":
        print(f"ssliqa {__version__}")
        return OK
    command, *rest = arguments
    if command not in COMMANDS:
        return _fail(f"There is no command '{command}'. The commands are: {', '.join(COMMANDS)}.")
    from ssliqa.memory import keep_freed_memory

    keep_freed_memory()
    # Pillow warns of damaged EXIF and the like. Whether such a photo can be read is said elsewhere.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        # Inside: libraries take seconds to load, and Ctrl-C may come then, too.
        run: Callable[[list[str]], int] = importlib.import_module(f"ssliqa.cli.{command}").run
        status = run(rest)
        sys.stdout.flush()
        return status
    except SsliqaError as error:
        _fail(str(error))
        return 128 + error.signal if hasattr(error, "signal") else FAILED
    except KeyboardInterrupt:
        _fail("Stopped.")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough. What is still in the buffer would
        # fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        # A full disk, a folder without rights: nothing that a stack trace would explain.
        return _fail(f"{error}.")


def _fail(message: str) -> int:
    print(f"ssliqa: {message}", file=sys.stderr)
    return FAILED


def entry() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))

"""``python -m ssliqa``"""

from ssliqa.cli.main import entry

entry()

"""What jsonargparse says of an unusable value, in words that need no knowledge of Python."""

from __future__ import annotations

import re

_KINDS = {
    "<class 'int'>": "a whole number",
    "<class 'float'>": "a number",
    "<class 'str'>": "text",
    "<class 'bool'>": "true or false",
    "<class 'NoneType'>": "null",
}
_ONE_KIND = re.compile(r'Parser key "(.+?)": Expected an? (.+)\. Got value: (.*)')
_SEVERAL_KINDS = re.compile(
    r'Parser key "(.+?)": Does not validate against any of the Union subtypes '
    r"Subtypes: \[(.*)\] Errors: .* Given value: (.*)"
)
_BETWEEN_KINDS = re.compile(r", (?![^\[]*\])")


def plain_words(error: Exception) -> str:
    """One sentence: the setting, the value found, and what is expected.

    A message of another form is passed on as it is, in one line.
    """
    text = " ".join(str(error).split()).rstrip(".")
    for pattern in (_SEVERAL_KINDS, _ONE_KIND):
        if found := pattern.fullmatch(text):
            setting, kinds, value = found.groups()
            expected = " or ".join(_in_words(kind) for kind in _BETWEEN_KINDS.split(kinds))
            return f"{setting} is {value}; expected {expected}."
    return text + "."


def _in_words(kind: str) -> str:
    if choices := re.fullmatch(r"(?:typing\.)?Literal\[(.*)\]", kind):
        return " or ".join(choice.strip("'\"") for choice in choices[1].split(", "))
    if numbers := re.fullmatch(r"tuple\[(float(?:, float)*)\]", kind):
        return f"{numbers[1].count('float')} numbers in brackets"
    return _KINDS.get(kind, kind)

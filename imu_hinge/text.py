"""Make text that came from outside fit to be shown: names, notes, devices, paths, headers, messages.

It escapes for the two formats that have no writer of their own, a spreadsheet's cell and a TOML string; HTML, SVG and
JSON are escaped by what writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

LONGEST_NAME: Final = 200
"""Characters of a name, a device or a path that are shown: one line of a page."""

LONGEST_TEXT: Final = 4000
"""Characters of a note or a message that are kept: two pages."""

_BREAK: Final = re.compile("[\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")

_OTHER_BREAK: Final = re.compile("\r\n?|[\x85\u2028\u2029]")

_UNSHOWN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, C1 too: both begin a terminal's escape sequences
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"  # change the direction of what stands around them
    "\ud800-\udfff\ufffe\uffff"  # no characters: UTF-8 and XML refuse them
    "\U000e0000-\U000e007f]"  # tags, which nobody sees
)

_FORMULA: Final = ("=", "+", "-", "@")
"""A spreadsheet computes a cell that begins with one of these."""


class Mended(str):
    """A warning of something that was put right: told with how a result was made, and no reason to doubt it."""

    __slots__ = ()


def warning_lines(texts: Iterable[str]) -> tuple[str, ...]:
    """Return warnings as one line each, in their order; what was mended comes last and stays told apart."""
    lines = [type(text)(one_line(text, longest=LONGEST_TEXT)) for text in texts]
    return tuple(sorted(lines, key=lambda line: isinstance(line, Mended)))


def one_line(text: str, *, longest: int = LONGEST_NAME) -> str:
    """Return the text as one line that any terminal, page and file can hold, cut in the middle where it is longer.

    What breaks a line becomes a space, what has no shape of its own a replacement character; case and spaces stay.
    """
    ends = text[: 2 * longest] + text[2 * longest :][-longest:]  # of a MB, only what can be shown is looked at
    return _shortened(_UNSHOWN.sub("\ufffd", _BREAK.sub(" ", ends)), longest)


def several_lines(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """Return the text as `one_line` does, but with its line breaks and tabs."""
    ends = text[: 2 * longest] + text[2 * longest :][-longest:]
    return _shortened(_UNSHOWN.sub("\ufffd", _OTHER_BREAK.sub("\n", ends)), longest)


def quoted(value: Any) -> str:
    """Return a value out of a file as a message shows it: in quotes, on one line and short."""
    try:
        return one_line(repr(value), longest=80)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of thousands of digits"


def csv_cell(text: str) -> str:
    """Return a text that a spreadsheet shows instead of computing it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def toml_string(text: str) -> str:
    """Return a text as a basic string of TOML, in quotes."""
    marks = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(marks.get(c, c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}") for c in text) + '"'


def _shortened(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    tail = longest // 3  # a path tells most at its end, a sentence its remedy
    return f"{text[: longest - tail - 3]} … {text[-tail:]}"

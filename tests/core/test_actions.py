"""Lines that GitHub Actions' runner obeys: ours are whole, a name's are none."""

import re

import pytest

from audit.core import actions
from audit.core.output import clean

COMMANDS = [
    "::error::boo",
    "  ::add-mask::a",
    "::stop-commands::x",
    "a ##[error]b",
    "##[##[group]x",
]


def is_command(line):
    """As the runner reads a line: ``::name data::`` at its beginning, ``##[name]`` anywhere."""
    return bool(re.match(r"\s*::.*::", line) or re.search(r"##\[[^\]]*\]", line))


@pytest.mark.parametrize("line", COMMANDS)
def test_in_actions_a_name_is_no_command(line, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert is_command(line)
    assert not is_command(clean(line))


@pytest.mark.parametrize("line", COMMANDS)
def test_elsewhere_it_stays_as_it_is(line, monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert clean(line) == line


def test_an_annotation_is_one_command_with_its_words_escaped():
    told = actions.annotation("error", "a: b, c", "5% of::x\r\n::warning::y")
    assert told == "::error title=a%3A b%2C c::5%25 of::x%0D%0A::warning::y"

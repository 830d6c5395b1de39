"""What reaches a terminal: names command nothing there, and closed streams change no exit code."""

import io
import json
import logging
import os
import subprocess
import sys
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console

from audit.core import logs, progress
from audit.core.output import clean, echo_lines

HOSTILE = ["\x1b]0;pwned\x07", "\x1b[2J", "a\rb", "a\nError: ok", "\u202egnp.exe", "\x9b31m",
           "a\u200bb", "a\u200db", "薔\u200d\u200d薇", "\u2066x\u2069",
           os.fsdecode(b"\xff.png")]  # fmt: skip
PROGRAM = [sys.executable, "-c", "from audit.cli import main; main()"]


def assert_harmless(text):
    """Nothing but printable signs and the ends of lines."""
    assert [sign for sign in text if not (sign.isprintable() or sign == "\n")] == []


# One place


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_terminal_would_obey_is_spelt_out(name):
    told = clean(f"No image {name}.")
    assert_harmless(told)
    assert "\n" not in told
    assert "\\" in told


@given(st.text(st.characters()))
def test_any_text_is_one_line_that_any_stream_takes(text):
    clean(text).encode()
    assert len(clean(text).splitlines()) <= 1


JOINED = ["👩\u200d🌾", "❤️\u200d🔥", "می\u200cخواهم", "क्\u200dष"]


@pytest.mark.parametrize("name", ["Rosa × alba", "薔薇 🌹", "ורד אדום", "a  b", "naïve", *JOINED])
def test_other_names_stay_as_they_are(name):
    assert clean(name) == name


def test_bytes_of_a_name_that_are_no_text_are_shown_as_such():
    assert clean(os.fsdecode(b"a\xff\x80.png")) == r"a\xff\x80.png"


def test_lines_that_are_meant_stay(capsys):
    echo_lines("## Audit of \x1b[2J\n\n- one")
    assert capsys.readouterr().out == "## Audit of \\x1b[2J\n\n- one\n"


# The log


def record(message, *args, **more):
    return logging.makeLogRecord({"msg": message, "args": args, "levelname": "INFO"} | more)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_line_of_the_log_is_one_line(name):
    line = logs.Lines().format(record("Left out: %s", name))
    assert_harmless(line)
    assert "\n" not in line


@pytest.mark.parametrize("name", HOSTILE)
def test_a_json_line_of_the_log_holds_text_that_is_harmless(name):
    line = logs.JsonLines().format(record("Left out: %s", name, data={"stage": name, "done": 1}))
    assert line.isascii()
    told = json.loads(line)
    assert_harmless(told["message"] + told["stage"])
    assert told["done"] == 1


def test_the_log_holds_no_credentials():
    for form in (logs.Lines(), logs.JsonLines()):
        assert "s3cret" not in form.format(record("https://ann:s3cret@proxy is out of reach"))


def test_a_traceback_of_another_library_keeps_its_lines():
    try:
        raise ValueError("\x1b[2J")
    except ValueError:
        line = logs.Lines().format(record("broken", exc_info=sys.exc_info()))
    assert_harmless(line)
    assert line.startswith("broken\nTraceback")


def test_warnings_of_other_libraries_go_to_the_log(caplog):
    with warnings.catch_warnings():
        logs.begin()
        warnings.simplefilter("always")
        warnings.warn("layer \x1b[2J", UserWarning, stacklevel=1)
    assert [r.getMessage() for r in caplog.records] == ["UserWarning: layer \x1b[2J"]


def test_a_label_of_the_bar_is_no_markup_and_no_command():
    console = Console(force_terminal=True, width=100, record=True, file=io.StringIO())
    list(progress._bar([1], "[red]a[/red] \x1b]0;x\x07{0}", 1, console))
    assert "[red]a[/red] \\x1b]0;x\\x07{0}" in console.export_text()


# Commands


@pytest.fixture
def folder(tmp_path, draw):
    """Class folders and files of hostile names, some of them no images."""
    for label in range(3):
        for k, name in enumerate(HOSTILE):
            made = tmp_path / "photos" / f"{label}{HOSTILE[label]}"
            made.mkdir(parents=True, exist_ok=True)
            Image.fromarray(draw(label, k, 32)[0]).save(made / f"{k}{name}.png")
        (made / f"broken {HOSTILE[3]}.png").write_bytes(b"no image")
        (made / f"other {HOSTILE[1]}.heif").write_bytes(b"")
    return tmp_path / "photos"


def test_preflight_of_hostile_names_is_harmless(call, folder, colour_model):
    given = ["--images", folder, "--splits", "all", "--no-grabcut", "--model", colour_model]
    code, said, err = call("preflight", *given, "--anyway")
    assert code == 0, err
    assert_harmless(said + err)
    assert "0\\x1b]0;pwned\\x07" in said


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "given",
    [
        ["report", "{}"],
        ["run", "--out", "x", "--images", "{}"],
        ["run", "--out", "x", "--config", "{}"],
        ["run", "--out", "x", "--preset", "{}"],
        ["run", "--out", "x", "--epochs", "{}"],
        ["run", "--out", "x", "--pipeline", "{}"],
        ["run", "{}"],
        ["run", "--out", "x", "--{}"],
        ["{}"],
        ["check", "x", "--min-accuracy", "{}"],
    ],
)
def test_errors_that_name_a_hostile_value_are_harmless(call, given, name):
    code, said, err = call(*(word.format(name) for word in given))
    assert code in (1, 2)
    assert said == ""
    assert_harmless(err)
    assert [line for line in err.splitlines() if line.startswith("Error: ok")] == []


def test_a_hostile_manifest_commands_no_terminal(call, tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"config": {"\x1b[2J\nError: ok": 1}}))
    for command in (["sweep"], ["check", "--min-accuracy", "1%"], ["report"]):
        code, _, err = call(*command, tmp_path)
        assert code == 1
        assert_harmless(err)
        assert len(err.splitlines()) == 1


def test_an_error_that_nobody_foresaw_is_harmless(tmp_path):
    program = "from audit.core import output; output.begin(); raise ValueError('\\x1b[2J\\u202e')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert_harmless(done.stderr)
    assert done.stderr.splitlines()[-1] == r"ValueError: \x1b[2J\u202e"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_stream_that_lacks_signs_spells_them_out(encoding, tmp_path):
    env = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    command = [*PROGRAM, "report", str(tmp_path / "薔薇")]
    done = subprocess.run(command, capture_output=True, env=env)
    assert done.returncode == 1
    assert rb"\u8594\u8587 is not a run folder" in done.stderr


# Streams that are closed


def codes(command, shell, cwd):
    """Exit code of a command by itself, and of it in a line of the shell; what both print."""
    line = f"set -o pipefail; {shell}"
    env = os.environ | {"PROGRAM": PROGRAM[2], "PYTHON": sys.executable}
    run = f'"$PYTHON" -c "$PROGRAM" {command}'
    done = subprocess.run(
        ["bash", "-c", line.replace("IT", run)], capture_output=True, text=True, env=env, cwd=cwd
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("command", "code"), [("--help", 0), ("report none", 1)])
@pytest.mark.parametrize("shell", ["IT | true", "IT 2>&1 | true", "IT >&- 2>&- <&-"])
def test_a_stream_that_nobody_reads_changes_no_exit_code(command, code, shell, tmp_path):
    left, told = codes(command, shell, tmp_path)
    assert left == code, told
    assert "Traceback" not in told and "Exception" not in told


@pytest.mark.parametrize(
    ("command", "code", "shell"),
    [("backbones", 0, "IT | head -n 1"), ("backbones", 0, "IT >&-"), ("walk", 2, "IT 2>&1 | true")],
)
def test_nor_do_others_that_close_early(command, code, shell, tmp_path):
    left, told = codes(command, shell, tmp_path)
    assert left == code, told
    assert "Traceback" not in told and "Exception" not in told


def test_output_that_finds_no_room_is_one_line(tmp_path):
    left, told = codes("backbones", "IT > /dev/full", tmp_path)
    assert left == 1
    assert told.startswith("Error: No space left on device.") and len(told.splitlines()) == 1


def test_standard_error_that_was_closed_becomes_no_file(tmp_path):
    (tmp_path / "x").write_text("mine")
    left, _ = codes("report x", "IT 2>&-", tmp_path)
    assert left == 1
    assert (tmp_path / "x").read_text() == "mine"

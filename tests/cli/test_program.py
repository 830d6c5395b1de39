import json
import re
import signal
import subprocess
import sys
import time
from datetime import datetime

import click
import pytest
from click.testing import CliRunner
from forked import MAIN

from audit import __version__, cli
from audit.settings import Config


def commands(group=cli.cli, path=()):
    """Every command and group by its path."""
    found = {path: group}
    for name, command in getattr(group, "commands", {}).items():
        found |= commands(command, (*path, name))
    return found


COMMANDS = commands()


@pytest.fixture(scope="module")
def images(tmp_path_factory, draw_manifest):
    return draw_manifest(tmp_path_factory.mktemp("images"))


# Help


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "flower-audit")
def test_help_of_every_command_ends_with_an_example(path):
    result = CliRunner().invoke(cli.cli, [*path, "--help"], prog_name="flower-audit")
    assert result.exit_code == 0
    description = result.output.split("Options:")[0].rstrip().splitlines()
    assert description[-1].strip().startswith(" ".join(("flower-audit", *path)).strip())
    assert any(line.strip().startswith("Example") for line in description)


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "flower-audit")
def test_examples_in_the_help_are_of_commands_and_options_there_are(path):
    examples = re.findall(r"^\s*flower-audit (.+)$", COMMANDS[path].help, re.MULTILINE)
    assert examples
    for example in examples:
        words = example.split()
        command, options = cli.cli, set()
        while words and isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        for parameter in command.params:
            options |= set(parameter.opts + parameter.secondary_opts)
        assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "flower-audit")
def test_every_option_is_explained(path):
    options = [p for p in COMMANDS[path].params if isinstance(p, click.Option)]
    assert [o.name for o in options if not o.help] == []


def test_help_shows_the_defaults():
    output = CliRunner().invoke(cli.cli, ["run", "--help-all"]).output
    text = " ".join(output.split())
    assert f"[default: {Config().explain.ig_steps}]" in text
    assert "[default: oxford_flowers102]" in text
    assert "--grabcut / --no-grabcut" in text


def test_help_shows_settings_under_their_sections():
    output = CliRunner().invoke(cli.cli, ["sweep", "--help-all"]).output
    headings = re.findall(r"^\[(\w+)\] .*:$", output, re.MULTILINE)
    assert headings == [
        "data",
        "masks",
        "model",
        "explain",
        "intervene",
        "verdict",
        "checks",
        "run",
    ]
    of_masks = output.split("\n[masks] ")[1].split("\n[model] ")[0]
    assert re.findall(r"^  --(\S+)", of_masks, re.MULTILINE) == [
        "masks", "mask-subject", "mask-unknown", "grabcut", "segmenter", "subject",
    ]  # fmt: skip


def test_help_of_many_options_shows_what_most_people_give_and_how_to_see_the_others():
    run = CliRunner().invoke(cli.cli, ["run", "--help"], prog_name="flower-audit").output
    everything = CliRunner().invoke(cli.cli, ["run", "--help-all"], prog_name="flower-audit").output
    shown, all_of_them = (set(re.findall(r"^  --(\S+)", text, re.M)) for text in (run, everything))
    assert {"images", "model", "masks", "explain", "out", "help-all"} <= shown < all_of_them
    hidden = len(all_of_them - shown)
    assert run.rstrip().endswith(f"{hidden} more: flower-audit run --help-all")
    assert len(run.splitlines()) < 100
    assert "more:" not in everything


def test_help_of_few_options_shows_them_all():
    output = CliRunner().invoke(cli.cli, ["check", "--help"]).output
    assert "--help-all" not in output and "more:" not in output


def test_commands_have_no_options_for_what_is_done_already():
    sweep = {name for p in cli.cli.commands["sweep"].params for name in p.opts}
    assert not {"--epochs", "--backbone", "--image-size", "--splits", "--seed"} & sweep
    train = {name for p in cli.cli.commands["train"].params for name in p.opts}
    assert not {"--model", "--ig-steps", "--robustness", "--executor"} & train


def test_help_imports_nothing_that_takes_time():
    code = (
        "import sys; sys.argv = ['flower-audit', 'run', '--help']\n"
        "from audit.cli import main\n"
        "try: main()\n"
        "except SystemExit as left: code = left.code\n"
        "late = {'tensorflow', 'keras', 'numpy', 'pandas', 'pyarrow', 'cv2', 'rich', 'jinja2'}\n"
        "print(code, *(late & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "0"


def test_backbones_are_listed_without_tensorflow():
    code = (
        "import sys; sys.argv = ['flower-audit', 'backbones']\n"
        "from audit.cli import main\n"
        "try: main()\n"
        "except SystemExit as left: code = left.code\n"
        "print(code, *({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "resnet50 " in found.stdout
    assert found.stdout.splitlines()[-1] == "0"


def test_version_is_the_packages(call):
    assert call("--version") == (0, f"flower-audit, version {__version__}\n", "")


# Wrong usage: 2


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["walk"], "No such command 'walk'"),
        (["run"], "Missing option '--out'"),
        (["run", "--out", "x", "--epoch", "3"], "No such option"),
        (["run", "--out", "x", "--min-accuracy", "80"], "is no share of 0 to 100%"),
        (["run", "--out", "x", "--pipelines", "a,b", "--min-accuracy", "1%"], "by check"),
        (["run", "--out", "x", "--pipelines", "a,b", "--against", "y"], "give it to report"),
        (["run", "--out", "x", "--epochs", "many"], "'many' is not a valid integer"),
        (["run", "--out", "x", "--dataset", "roses"], "'roses' is not one of"),
        (["run", "--out", "x", "--preset", "roses"], "'roses' is not"),
        (["report"], "Missing argument 'RUN'"),
        (["compare", "x"], "Give two runs or more: the baseline first."),
    ],
)
def test_wrong_usage_exits_with_2(call, args, message):
    code, out, err = call(*args)
    assert code == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err


# Not possible: 1, in one line


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["run", "--epochs", "0"], "Bad value 0 for 'epochs'"),
        (["run", "--config", "none.toml"], "No config file none.toml."),
        (["run", "--images", "none", "--weights", "random"], "No image folder or manifest none."),
        (["run", "--model", "none.keras"], "No model file none.keras."),
        (["run", "--backbone", "resnet"], "Unknown backbone 'resnet'"),
        (["train", "--weights", "imagnet"], "Bad value 'imagnet' for 'weights': expected imagenet"),
        (["train", "--weights", "none.h5"], "No weights file none.h5."),
        (["run", "--dataset", "images"], "--images PATH and --dataset images go together."),
        (["train", "--image-size", "8"], "Bad value 8 for 'image_size'"),
        (["masks", "make", "--images", "none"], "No image folder or manifest none."),
    ],
)
def test_what_cannot_be_done_exits_with_1_and_one_line(call, tmp_path, args, message):
    out = tmp_path / "out"
    code, said, err = call(*args, "--out", out)
    assert code == 1
    assert said == ""
    lines = err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"Error: {message}")
    assert not out.exists()


@pytest.mark.parametrize("command", ["report", "sweep"])
def test_folder_that_is_no_run_exits_with_1(call, tmp_path, command):
    code, _, err = call(command, tmp_path)
    assert (code, err) == (
        1,
        f"Error: {tmp_path} is not a run folder (no manifest.json): "
        "give the --out of an earlier run.\n",
    )


def test_manifest_without_settings_is_one_line(call, tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    code, _, err = call("sweep", tmp_path)
    assert code == 1
    assert err.startswith(f"Error: {tmp_path / 'manifest.json'} holds no config")
    assert len(err.strip().splitlines()) == 1


def test_model_of_other_classes_exits_with_1(call, tmp_path, draw_manifest, colour_model):
    two = draw_manifest(tmp_path / "two", ("red", "green"))
    out = tmp_path / "out"
    code, _, err = call("run", "--images", two, "--model", colour_model, "--out", out)
    assert code == 1
    assert err.splitlines()[-1].startswith("Error: The model tells 3 classes apart, but images")
    assert "Traceback" not in err
    assert not out.exists()


def test_a_path_that_is_too_long_is_one_line(call, tmp_path):
    given = ("--images", "a" * 5000, "--backbone", "efficientnet-lite0")
    code, _, err = call("run", *given, "--out", tmp_path / "run")
    assert code == 1
    assert err.startswith("Error: File name too long") and err.endswith("Give another path.\n")
    assert len(err) < 300


def test_disk_that_is_full_is_one_line(call, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device", "RUN/model.keras")

    monkeypatch.setattr("audit.cli.run.load_config", full)
    code, _, err = call("run", "--out", "x")
    assert (code, err) == (
        1,
        "Error: No space left on device ('RUN/model.keras'). "
        "Make room or give another --out, then --resume.\n",
    )


def test_memory_that_gives_out_is_one_line(call, monkeypatch):
    def short(*args, **kwargs):
        raise MemoryError("Unable to allocate 48.0 MiB for an array\nmore")

    monkeypatch.setattr("audit.cli.run.load_config", short)
    code, _, err = call("run", "--out", "x")
    assert (code, err) == (
        1,
        "Error: Memory is too little (Unable to allocate 48.0 MiB for an array): "
        "give a smaller --batch-size.\n",
    )


# Done: 0


@pytest.mark.usefixtures("without_charts")
def test_run_report_and_sweep_go_the_whole_way(call, tmp_path, images, colour_model):
    out = tmp_path / "a run"
    flags = ["--images", images, "--model", colour_model, "--no-grabcut", "--workers", 0]
    small = ["--ig-steps", 2, "--robustness", 1, "--no-opportunity"]
    code, said, err = call("run", *flags, *small, "--out", out)
    assert code == 0
    assert f"Report: {out / 'report' / 'index.html'}" in said
    assert f"To attach: {out / 'report.html'}" in said
    assert (out / "report.html").is_file()
    assert "Traceback" not in err

    code, said, _ = call("report", out)
    assert code == 0
    assert f"Report: {out / 'report' / 'index.html'}" in said

    code, _, err = call("sweep", out, "--workers", 1)
    assert code == 1
    assert "--images images.csv and --model colours.keras: say anew what that is." in err

    code, said, _ = call("sweep", out, "--workers", 1, *flags[:4])
    assert (code, said) == (0, f"Swept. Next: flower-audit report '{out}'\n")

    code, _, err = call("run", *flags, *small, "--out", out)
    assert code == 1
    assert err.splitlines()[-1].endswith(
        "already holds a run: go on with --resume, or choose another --out."
    )


def test_masks_are_made_and_counted(call, tmp_path, images):
    out = tmp_path / "masks"
    code, said, _ = call("masks", "make", "--images", images, "--out", out, "--workers", 0)
    assert (code, said) == (0, f"{out}: 0 kept, 12 manifest\n")
    assert len(list(out.glob("*.png"))) == 12


def test_the_log_as_json_is_one_object_a_line(tmp_path):
    program = [sys.executable, "-c", "from audit.cli import main; main()"]
    work = subprocess.run(
        [*program, "--log-json", "report", str(tmp_path)], capture_output=True, text=True
    )
    (line,) = [json.loads(line) for line in work.stderr.splitlines()]
    assert work.returncode == line["exit_code"] == 1
    assert line["level"] == "error"
    assert line["message"].startswith(f"{tmp_path} is not a run folder")
    assert datetime.fromisoformat(line["time"]).tzinfo is not None


def test_interrupted_run_exits_with_130_and_keeps_what_is_finished(
    tmp_path, images, colour_model, forks
):
    out = tmp_path / "run"
    flags = ["--images", images, "--model", colour_model, "--no-grabcut", "--ig-steps", "100000"]
    work = forks.start(MAIN, "run", *flags, "--out", out)
    try:
        end = time.monotonic() + 120
        while not (out / "predictions.parquet").exists():
            assert work.state() != "Z", work.err.read_text()
            assert time.monotonic() < end
            time.sleep(0.1)
        time.sleep(0.5)
        work.send_signal(signal.SIGINT)
        assert work.wait() == 130
    finally:
        work.kill()
    err = work.err.read_text()
    assert err.splitlines()[-1] == (
        "Error: Interrupted. What is finished stays: go on with --resume."
    )
    assert "Traceback" not in err
    assert sorted(f.name for f in out.iterdir()) == [
        ".lock",
        "checksums",
        "contents.parquet",
        "donors.npz",
        "manifest.json",
        "maps",
        "predictions.parquet",
        "records",
    ]

"""Memory that is surely too little is one line before anything is begun."""

import subprocess
import sys
import textwrap

import keras
import pytest

from audit.core.errors import ConfigError
from audit.settings import load_config
from audit.training import memory
from audit.training.memory import GIB, MIB, refuse_asking, refuse_training, room


def conv(size, filters=8):
    x = keras.Input((size, size, 3))
    return keras.Model(x, keras.layers.Conv2D(filters, 1)(x))


def config(**flags):
    return load_config({"batch_size": 2} | flags)


def in_its_own_process(program, *args):
    command = [sys.executable, "-c", textwrap.dedent(program), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_limits_of_the_process_are_heeded(kind):
    program = f"""
        import resource
        from audit.training.memory import GIB, room
        before = room()
        resource.setrlimit(resource.{kind}, (4 * GIB, 4 * GIB))
        print(before > room())
    """
    assert in_its_own_process(program).stdout.strip() == "True"


@pytest.mark.parametrize(
    ("limit", "usage", "cache"),
    [("memory.max", "memory.current", "file"),
     ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache")],
)  # fmt: skip
def test_limits_of_a_control_group_are_heeded_and_what_files_take_is_free(
    tmp_path, limit, usage, cache
):
    (tmp_path / limit).write_text(f"{100 * MIB}\n")
    (tmp_path / usage).write_text(f"{90 * MIB}\n")
    (tmp_path / "memory.stat").write_text(f"anon 7\n{cache} {50 * MIB}\n")
    assert min(memory._groups(tmp_path)) == 60 * MIB


def test_a_control_group_without_a_limit_says_nothing(tmp_path):
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1\n")
    assert not list(memory._groups(tmp_path))


def test_this_machine_has_room_for_a_small_model():
    assert room() > GIB
    refuse_asking(conv(64), config())
    refuse_training(conv(64), conv(64).layers, config())


def test_images_beyond_all_memory_are_refused_with_the_sizes_and_the_mend():
    with pytest.raises(ConfigError) as error:
        refuse_asking(conv(200_000), config())
    said = str(error.value)
    assert said.startswith("Auditing this model takes 3576.8 GiB of memory at least, and ")
    assert "smaller --batch-size" in said and "\n" not in said


def test_a_batch_beyond_all_memory_is_refused():
    with pytest.raises(ConfigError, match=r"takes .* GiB of memory at least"):
        refuse_asking(conv(256), config(batch_size=10_000_000))


def test_fine_tuning_holds_the_maps_of_the_layers_tuned():
    model = conv(512, filters=512)
    refuse_training(model, [], config(batch_size=100))
    with pytest.raises(ConfigError, match="Training efficientnetb0 takes"):
        refuse_training(model, model.layers, config(batch_size=10_000))


def test_a_model_of_an_open_size_is_held_to_what_is_known():
    refuse_asking(conv(None), config())


def test_a_run_without_memory_ends_in_one_line(tmp_path, draw_manifest):
    images = draw_manifest(tmp_path / "images", per_split={"test": 1})
    x = keras.Input((1024, 1024, 3))
    y = keras.layers.Conv2D(64, 1)(x)
    y = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(y))
    keras.Model(x, y).save(tmp_path / "m.keras")
    program = """
        import resource, sys
        import audit.models.classifier, audit.models.load, audit.stages.commands, psutil
        from audit.cli import main
        most = psutil.Process().memory_info().vms + 200 * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        main()
    """
    done = in_its_own_process(program, "run", "--images", images, "--model", tmp_path / "m.keras",
                              "--out", tmp_path / "run")  # fmt: skip
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: Auditing this model takes ")
    assert not (tmp_path / "run").exists()

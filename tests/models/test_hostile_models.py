"""Model files of strangers: none runs code, reads another file or imports a module untrusted."""

import json
import sys
import warnings
import zipfile

import h5py
import keras
import numpy as np
import pytest

from audit.core.errors import ModelError
from audit.models.load import load_model

CONFIG, META, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"


def refused(file, trust=False):
    with pytest.raises(ModelError) as error:
        load_model(file, trust=trust)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What a plain .keras file of one convolution holds, by entry."""
    file, x = tmp_path_factory.mktemp("whole") / "m.keras", keras.Input((8, 8, 3))
    keras.Model(x, keras.layers.Conv2D(2, 1, name="conv")(x)).save(file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def keras2():
    return pytest.importorskip("tf_keras", reason="the extra tf-keras is not installed")


def zipped(file, held):
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)
    return file


def second(config):
    """The entry of the layer behind the input."""
    return config["config"]["layers"][1]


def with_layer(file, whole, module, kind, config):
    """A .keras file whose second layer is another one."""
    made = json.loads(whole[CONFIG])
    own = {"name": "conv", "trainable": True, "dtype": "float32"} | config
    second(made).update(module=module, class_name=kind, registered_name=None, config=own)
    return zipped(file, whole | {CONFIG: json.dumps(made)})


def with_activation(file, whole, activation):
    made = json.loads(whole[CONFIG])
    second(made)["config"]["activation"] = activation
    return zipped(file, whole | {CONFIG: json.dumps(made)})


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def test_a_layer_that_reads_any_file_is_refused_before_keras_sees_it(tmp_path, whole):
    words = {"vocabulary": __file__}
    said = refused(with_layer(tmp_path / "m.keras", whole, "keras.layers", "StringLookup", words))
    assert "its layer 'conv' is a StringLookup, " in said
    assert said.endswith("add --trust-model if you trust it.")


def test_a_function_that_is_no_activation_is_refused(tmp_path, whole):
    said = refused(with_activation(tmp_path / "m.keras", whole, function("keras.ops", "map")))
    assert "its layer 'conv' calls map, " in said


def test_an_architecture_that_cannot_be_looked_at_is_not_given_to_keras(tmp_path, whole):
    held = dict(whole)
    del held[META]
    held[CONFIG] = json.dumps(json.loads(held[CONFIG]) | {"x": "__"}).replace(
        '"__"', "[" * 100_000 + "]" * 100_000
    )
    assert refused(zipped(tmp_path / "m.keras", held)).startswith(f"Cannot load {tmp_path}")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", [CONFIG, META, WEIGHTS])
def test_a_zip_file_that_holds_an_entry_twice_is_refused(tmp_path, whole, name):
    file = zipped(tmp_path / "m.keras", whole)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, whole[name])
    assert f"it holds {name!r} twice" in refused(file)


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "assets/../../x", "assets\\..\\x", "x.py"])
def test_a_zip_file_with_entries_that_no_model_has_is_refused(tmp_path, whole, name):
    assert "no part of a Keras model" in refused(zipped(tmp_path / "m.keras", whole | {name: b""}))


def test_a_link_in_a_zip_file_is_refused(tmp_path, whole):
    file, link = zipped(tmp_path / "m.keras", whole), zipfile.ZipInfo("assets/x")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "no part of a Keras model" in refused(file)


ELSEWHERE = {
    "external": lambda group, name, at: group.__setitem__(name, h5py.ExternalLink(at, "it")),
    "soft": lambda group, name, at: group.__setitem__(name, h5py.SoftLink("/elsewhere")),
    "raw": lambda group, name, at: group.create_dataset(name, SHAPE, "f4", external=[(at, 0, 24)]),
    "virtual": lambda group, name, at: group.create_virtual_dataset(name, virtual(at)),
}  # fmt: skip
SHAPE = (1, 1, 3, 2)


def virtual(file):
    layout = h5py.VirtualLayout(SHAPE, "f4")
    layout[...] = h5py.VirtualSource(file, "it", SHAPE)
    return layout


def is_kernel(item):
    return isinstance(item, h5py.Dataset) and item.shape == SHAPE


def kernel_elsewhere(file, way, secret):
    """Put a link to the secret into the place of the kernel in an HDF5 file."""
    with h5py.File(file, "a") as held:
        found = []
        held.visititems(lambda name, item: found.append(name) if is_kernel(item) else None)
        group, name = held[found[0]].parent, found[0].rpartition("/")[2]
        del group[name]
        ELSEWHERE[way](group, name, str(secret))


@pytest.fixture
def secret(tmp_path):
    with h5py.File(tmp_path / "secret", "w") as made:
        made["it"] = np.full(SHAPE, 7, np.float32)
    return tmp_path / "secret"


@pytest.mark.parametrize("way", ELSEWHERE)
def test_weights_of_a_keras_file_that_lie_in_another_file_are_refused(tmp_path, whole, secret, way):
    (tmp_path / "w.h5").write_bytes(whole[WEIGHTS])
    kernel_elsewhere(tmp_path / "w.h5", way, secret)
    file = zipped(tmp_path / "m.keras", whole | {WEIGHTS: (tmp_path / "w.h5").read_bytes()})
    assert "lies elsewhere" in refused(file)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("way", ELSEWHERE)
def test_weights_of_an_h5_file_that_lie_in_another_file_are_refused(tmp_path, whole, secret, way):
    load_model(zipped(tmp_path / "m.keras", whole), trust=False).save(tmp_path / "m.h5")
    kernel_elsewhere(tmp_path / "m.h5", way, secret)
    assert "lies elsewhere" in refused(tmp_path / "m.h5")


@pytest.fixture
def canary(tmp_path, monkeypatch):
    """A module that lies where Python looks for modules, as one beside a received model may."""
    (tmp_path / "canary.py").write_text("def sing(x): return x\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "canary"
    sys.modules.pop("canary", None)


@pytest.fixture
def of_keras_2(keras2, tmp_path):
    """Write a file as Keras 2 does, its architecture changed."""

    def write(suffix, change):
        x, file = keras2.Input((8, 8, 3)), tmp_path / f"m{suffix}"
        model = keras2.Model(x, keras2.layers.Conv2D(2, 1, name="conv")(x))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it advises its newer format
            model.save(file)
        return rewritten(file, change)

    return write


def rewritten(file, change):
    if file.suffix == ".h5":
        with h5py.File(file, "a") as held:
            config = json.loads(held.attrs["model_config"])
            change(config)
            held.attrs["model_config"] = json.dumps(config)
        return file
    with zipfile.ZipFile(file) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(held[CONFIG])
    change(config)
    return zipped(file, held | {CONFIG: json.dumps(config)})


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_file_of_keras_2_imports_no_module(of_keras_2, canary, suffix):
    own = {"module": canary, "class_name": "Own", "registered_name": "x"}
    said = refused(of_keras_2(suffix, lambda config: config.update(own)))
    assert canary not in sys.modules
    assert "it needs the class Own, which is not part of Keras" in said


def test_a_call_of_keras_2_that_reaches_outside_is_refused(of_keras_2):
    config = {"name": "conv", "function": "io.read_file"}
    call = {"class_name": "TFOpLambda", "config": config}
    said = refused(of_keras_2(".h5", lambda made: second(made).update(call)))
    assert "its layer 'conv' calls io.read_file, " in said

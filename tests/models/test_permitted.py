import keras
import pytest

from audit.models.permitted import forbidden


def model_of(**layer):
    return {"class_name": "Functional", "config": {"name": "m", "layers": [layer]}}


def layer(kind, module="keras.layers", **config):
    return {"module": module, "class_name": kind, "config": {"name": "x"} | config}


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


@pytest.mark.parametrize(
    "kind",
    ["Lambda", "TFSMLayer", "StringLookup", "IntegerLookup", "TextVectorization", "Hashing",
     "TorchModuleWrapper", "JaxLayer", "FlaxLayer"],
)  # fmt: skip
@pytest.mark.parametrize("module", ["keras.layers", "keras.src.layers.core", None])
def test_layers_that_can_reach_outside_need_trust(kind, module):
    said = forbidden(model_of(**layer(kind, module)))
    assert said.startswith(f"its layer 'x' is a {kind}, which can hold code of its own or read ")
    assert said.endswith("add --trust-model if you trust it")


@pytest.mark.parametrize("kind", ["Map", "Scan", "WhileLoop", "VectorizedMap", "Function"])
def test_operations_that_call_functions_need_trust(kind):
    assert f"is a {kind}" in forbidden(model_of(**layer(kind, "keras.src.ops.core")))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("keras.utils", "get_file"),
        ("keras.config", "enable_unsafe_deserialization"),
        ("keras.models", "load_model"),
        ("keras.src.utils.python_utils", "func_load"),
        ("tf_keras.src.utils.generic_utils", "func_load"),
    ],
)
def test_functions_of_keras_that_are_no_activations_need_trust(module, name):
    said = forbidden(model_of(**layer("Dense", activation=function(module, name))))
    assert said.startswith(f"its layer 'x' calls {name}, ")


@pytest.mark.parametrize(("module", "name"), [("builtins", "eval"), ("os", "system")])
def test_functions_from_elsewhere_are_not_in_the_file(module, name):
    said = forbidden(model_of(**layer("Dense", activation=function(module, name))))
    assert said.startswith(f"its layer 'x' needs the function {name}, which is not part of Keras")


def test_classes_from_elsewhere_are_no_layers_of_keras_by_their_name():
    assert "needs the class Dense" not in (forbidden(model_of(**layer("Dense"))) or "")
    assert forbidden(model_of(**layer("Dense", module="os"))).startswith("its layer 'x' is a Dense")


@pytest.mark.parametrize("kind", ["__lambda__", "__typespec__", "CompositeTensor", "TypeSpec"])
def test_values_that_are_programs_need_trust(kind):
    assert kind in forbidden(model_of(**layer("Dense", units={"class_name": kind, "config": {}})))


@pytest.mark.parametrize(
    "said",
    [
        {"class_name": "function", "config": "relu"},
        {"class_name": "TFOpLambda", "config": {"function": "nn.relu"}},
    ],
)
def test_a_known_name_from_another_module_is_refused_for_importing_runs_that(said):
    assert forbidden(model_of(**layer("Dense", activation=said | {"module": "antigravity"})))
    assert forbidden(model_of(**layer("Dense", activation=said | {"module": "keras"}))) is None


def test_arrays_hold_numbers_alone():
    text = {"class_name": "__numpy__", "config": {"value": ["a"], "dtype": "<U1000000000"}}
    assert "holds an array of '<U1000000000'" in forbidden(
        model_of(**layer("Rescaling", scale=text))
    )


@pytest.mark.parametrize("kind", [["x"], {"a": 1}, None, 3, "a\nb"])
def test_kinds_that_are_no_names_are_shown_on_one_line(kind):
    assert "\n" not in forbidden(model_of(**layer(kind)))


def test_what_is_hidden_in_settings_of_settings_is_found():
    hidden = {"a": [{"b": {"class_name": "Lambda", "config": None}}]}
    assert "its layer 'x' is a Lambda" in forbidden(model_of(**layer("Dense", units=hidden)))


@pytest.mark.parametrize("activation", ["relu", function("builtins", "relu")])
def test_plain_layers_pass(activation):
    assert forbidden(model_of(**layer("Conv2D", activation=activation))) is None


def test_classes_that_the_caller_has_registered_are_the_callers_own():
    entry = model_of(**layer("Mine", "mine")) | {}
    with keras.saving.custom_object_scope({"Mine": keras.layers.Dense}):
        assert forbidden(entry) is None
    assert "needs the class Mine" in forbidden(entry)

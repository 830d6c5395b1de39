import keras
import numpy as np
import pytest
from colourmix import BIAS, CLASSES, IMAGES, KERNEL, MIX, SIZE, expected_features, expected_logits
from keras import layers

from audit.core.errors import ModelError
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model

RNG = np.random.default_rng(1)


def conv(name="mix"):
    return layers.Conv2D(4, 1, use_bias=False, activation="relu", name=name)


def image(size=SIZE):
    return keras.Input((size, size, 3))


def backbone():
    x = image()
    return keras.Model(x, conv()(x), name="backbone")


def head(x, end="linear"):
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    if end == "Softmax layer":
        return layers.Softmax(name="end")(layers.Dense(CLASSES, name="dense")(x))
    if end == "Activation layer":
        return layers.Activation("softmax", name="end")(layers.Dense(CLASSES, name="dense")(x))
    if end == "operation":
        return keras.ops.softmax(layers.Dense(CLASSES, name="dense")(x))
    return layers.Dense(CLASSES, activation=end, name="dense")(x)


def flat(end="linear"):
    x = image()
    return keras.Model(x, head(conv()(x), end))


def nested(end="linear"):
    x = image()
    return keras.Model(x, head(backbone()(x), end))


def twice_nested():
    outer = image()
    inner = keras.Model(outer, backbone()(outer), name="outer")
    x = image()
    return keras.Model(x, head(inner(x)))


def sequential():
    return keras.Sequential(
        [image(), conv(), layers.GlobalAveragePooling2D(), layers.Dense(CLASSES, name="dense")]
    )


def sequential_of_models():
    return keras.Sequential(
        [image(), backbone(), layers.GlobalAveragePooling2D(), layers.Dense(CLASSES, name="dense")]
    )


def nested_head():
    features = keras.Input((SIZE, SIZE, 4))
    inner = keras.Model(features, head(features, "softmax"), name="inner_head")
    x = image()
    return keras.Model(x, inner(conv()(x)))


def with_skip():
    x = image()
    mixed = conv()(x)
    x1 = layers.Subtract()([layers.Add()([mixed, mixed]), mixed])
    return keras.Model(x, head(x1))


def with_weights(model):
    """Give the model the weights that the expected logits are worked out with."""
    for weight in model.weights:
        shape = tuple(weight.shape)
        values = {(1, 1, 3, 4): MIX[None, None], (4, CLASSES): KERNEL, (CLASSES,): BIAS}
        weight.assign(values[shape])
    return model


FORMS = {
    "flat": flat,
    "nested": nested,
    "twice nested": twice_nested,
    "sequential": sequential,
    "sequential of models": sequential_of_models,
    "nested head": nested_head,
    "skip connection": with_skip,
}
ENDS = {
    "linear": "linear",
    "softmax": "softmax",
    "sigmoid": "sigmoid",
    "Softmax layer": "softmax",
    "Activation layer": "softmax",
    "operation": "softmax",
}


def links(layer):
    nodes = (len(layer._inbound_nodes), len(layer._outbound_nodes))
    return [(layer.name, *nodes)] + [
        link for inner in getattr(layer, "layers", []) for link in links(inner)
    ]


# Logits


@pytest.mark.parametrize("form", FORMS)
def test_logits_of_every_form(form):
    classifier = FrozenClassifier(with_weights(FORMS[form]()))
    np.testing.assert_allclose(classifier.logits(IMAGES), expected_logits(), rtol=1e-4)


@pytest.mark.parametrize("end", ENDS)
def test_logits_are_taken_before_every_end(end):
    classifier = FrozenClassifier(with_weights(flat(end)))
    assert classifier.end == ENDS[end]
    np.testing.assert_allclose(classifier.logits(IMAGES), expected_logits(), rtol=1e-4)


def test_end_of_a_nested_head_is_taken_off():
    assert FrozenClassifier(nested_head()).end == "softmax"


def test_head_of_features_is_the_logits():
    classifier = FrozenClassifier(with_weights(nested()))
    features = classifier.features(IMAGES)
    np.testing.assert_allclose(features, expected_features(), rtol=1e-4)
    np.testing.assert_allclose(classifier.head(features), expected_logits(), rtol=1e-4)


def test_dropout_and_normalisation_are_those_of_inference():
    x = image()
    y = layers.Dropout(0.9)(layers.BatchNormalization()(conv()(x)))
    model = keras.Model(x, head(y))
    np.testing.assert_allclose(
        FrozenClassifier(model).logits(IMAGES), model.predict(IMAGES, verbose=0), rtol=1e-4
    )


def test_half_precision_models_give_float32_logits():
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        classifier = FrozenClassifier(with_weights(flat("softmax")))
    finally:
        keras.mixed_precision.set_global_policy("float32")
    logits = np.asarray(classifier.logits(IMAGES))
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, expected_logits(), atol=0.02)


# The user's model stays as it was


@pytest.mark.parametrize("form", FORMS)
def test_the_model_is_never_changed(form):
    model = with_weights(FORMS[form]())
    weights, before = model.get_weights(), links(model)
    predictions = model.predict(IMAGES, verbose=0)
    classifier = FrozenClassifier(model)
    classifier.head(classifier.features(IMAGES))
    assert links(model) == before
    for now, then in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(now, then)
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), predictions)


# The feature layer


def test_last_map_is_found_and_described():
    classifier = FrozenClassifier(nested("softmax"))
    assert classifier.feature_layer == "backbone/mix"
    assert classifier.feature_shape == (SIZE, SIZE, 4)
    assert (classifier.input_size, classifier.classes) == (SIZE, CLASSES)
    assert classifier.describe() == (
        "features backbone/mix (8x8x4), input 8x8, 0..255 read as 0..255, pooled dense head, "
        "3 classes, softmax end"
    )


def deep():
    x = image()
    y = layers.MaxPooling2D(name="half")(conv("early")(x))
    y = layers.MaxPooling2D(name="quarter")(y)
    y = layers.GlobalAveragePooling2D(keepdims=True, name="one_pixel")(y)
    return keras.Model(x, layers.Dense(CLASSES)(layers.Flatten()(y)))


def test_map_of_one_pixel_is_passed_over():
    assert FrozenClassifier(deep()).feature_layer == "quarter"


def test_feature_layer_can_be_chosen_by_name():
    classifier = FrozenClassifier(deep(), "early")
    assert (classifier.feature_layer, classifier.feature_shape) == ("early", (8, 8, 4))
    logits = classifier.head(classifier.features(IMAGES))
    np.testing.assert_allclose(logits, classifier.model.predict(IMAGES, verbose=0), rtol=1e-4)


@pytest.mark.parametrize("name", ["mix", "outer/backbone/mix"])
def test_nested_feature_layer_can_be_chosen_by_name_or_path(name):
    assert FrozenClassifier(twice_nested(), name).feature_layer == "outer/backbone/mix"


def test_unknown_feature_layer_lists_those_that_would_do():
    with pytest.raises(ModelError) as error:
        FrozenClassifier(deep(), "top")
    assert str(error.value) == (
        "No feature layer 'top'; the last that would do: early, half, quarter."
    )


def test_layer_beside_a_skip_connection_is_one_of_several_ways():
    x = image()
    one = conv("one")(x)
    model = keras.Model(x, head(layers.Add(name="sum")([one, conv("two")(x)])))
    assert FrozenClassifier(model).feature_layer == "sum"
    classifier = FrozenClassifier(model, "two")
    assert classifier.feature_layer == "two"
    features, expected = classifier.features(IMAGES), model.predict(IMAGES, verbose=0)
    np.testing.assert_allclose(classifier.head(features, IMAGES), expected, rtol=1e-4)
    with pytest.raises(ModelError, match=r"^The head reads more of the image than two\.$"):
        classifier.head(features)


# Forms that cannot be audited


def built(shape, make):
    x = keras.Input(shape)
    return keras.Model(x, make(x))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: built((SIZE, SIZE, 4), head),
            "The model takes 4 channels: an audit needs RGB, 3 channels, or grey, 1.",
        ),
        (
            lambda: built((8, 16, 3), head),
            "The model takes 8x16 pixels: an audit needs a square; wrap it, "
            "keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Resizing(8, 16), model]), "
            "and save that.",
        ),
        (
            lambda: built((3, SIZE, SIZE), lambda x: head(layers.Permute((2, 3, 1))(x))),
            "The model takes its channels first, (3, 8, 8), but images come as (8, 8, 3): wrap "
            "it, keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Permute((3, 1, 2)), "
            "model]), and save that.",
        ),
        (lambda: built((10,), layers.Dense(3)), "an audit needs one image (n, H, W, 3)."),
        (
            lambda: built((SIZE, SIZE, 3), lambda x: layers.Dense(3)(layers.Flatten()(x))),
            "The model has no 4-D feature map with H, W > 1",
        ),
        (
            lambda: built((None, None, 3), lambda x: head(conv()(x))),
            "The model takes images of any size: choose one with --image-size.",
        ),
        (
            lambda: keras.Sequential([layers.Dense(3)]),
            "an audit needs one image (n, H, W, 3); say its size with --image-size.",
        ),
        (
            lambda: built((SIZE, SIZE, 3), lambda x: [head(conv()(x)), conv("b")(x)]),
            "but an audit needs one of classes: keras.Model(model.input, model.outputs[0]) keeps",
        ),
        (
            lambda: built((SIZE, SIZE, 3), layers.Conv2D(4, 1)),
            "an audit needs one number a class",
        ),
    ],
    ids=[
        "four channels",
        "not square",
        "channels first",
        "no image",
        "no map",
        "any size",
        "not built",
        "two outputs",
        "segmentation",
    ],
)
def test_other_models_are_refused_in_one_line(make, message):
    with pytest.raises(ModelError) as error:
        FrozenClassifier(make())
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_two_inputs_are_refused():
    a, b = image(), image()
    with pytest.raises(ModelError, match="has 2 inputs: an audit needs one image"):
        FrozenClassifier(keras.Model([a, b], head(layers.Add()([a, b]))))


def test_subclassed_model_within_another_runs_as_one_step():
    class Inner(keras.Model):
        def call(self, x):
            return x

    classifier = FrozenClassifier(
        with_weights(built((SIZE, SIZE, 3), lambda x: head(conv()(Inner()(x)))))
    )
    np.testing.assert_allclose(classifier.logits(IMAGES), expected_logits(), rtol=1e-4)


def test_open_size_is_chosen_by_the_user():
    model = built((None, None, 3), lambda x: head(conv()(x)))
    classifier = FrozenClassifier(with_weights(model), image_size=SIZE)
    assert classifier.input_size == SIZE
    np.testing.assert_allclose(classifier.logits(IMAGES), expected_logits(), rtol=1e-4)


def test_image_size_against_the_models_own_is_refused():
    with pytest.raises(
        ModelError, match=r"^The model takes 8 pixels, not 16: give --image-size 8\.$"
    ):
        FrozenClassifier(flat(), image_size=16)


def test_image_size_that_the_model_cannot_take_is_refused():
    model = built((None, None, 3), lambda x: head(layers.Conv2D(4, 50, padding="valid")(x)))
    with pytest.raises(ModelError, match="The model does not run on a 32x32 image") as error:
        FrozenClassifier(model, image_size=32)
    assert "\n" not in str(error.value)


# Files


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_saved_model_comes_back(tmp_path, suffix):
    file = tmp_path / f"model{suffix}"
    with_weights(nested("softmax")).save(file)
    classifier = FrozenClassifier(load_model(file, trust=False))
    np.testing.assert_allclose(classifier.logits(IMAGES), expected_logits(), rtol=1e-4)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"^No model file .*none\.keras\.$"):
        load_model(tmp_path / "none.keras", trust=False)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_torn_file_is_one_line(tmp_path, suffix):
    file = tmp_path / f"model{suffix}"
    flat().save(file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(ModelError, match=r"^Cannot load ") as error:
        load_model(file, trust=False)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_lambda_layers_load_only_where_trusted(tmp_path, suffix):
    file = tmp_path / f"model{suffix}"
    x = image()
    keras.Model(x, head(layers.Lambda(lambda y: y * 2, output_shape=(8, 8, 4))(conv()(x)))).save(
        file
    )
    with pytest.raises(ModelError, match="code of its own or read other files: add --trust-model"):
        load_model(file, trust=False)
    assert FrozenClassifier(load_model(file, trust=True)).classes == CLASSES


def probabilities_from(last):
    """A classifier whose softmax is not its last step."""
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(4, 3, padding="same")(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, last(keras.layers.Dense(3)(x)))


@pytest.mark.parametrize(
    ("last", "end"),
    [
        (lambda x: keras.layers.Activation("linear")(keras.layers.Softmax()(x)), "softmax"),
        (lambda x: keras.layers.Activation("log_softmax")(x), "log-softmax"),
    ],
    ids=["softmax then linear", "log-softmax"],
)
def test_end_is_found_behind_what_changes_nothing(last, end):
    model = probabilities_from(last)
    classifier = FrozenClassifier(model)
    assert classifier.end == end
    again = keras.ops.softmax(classifier.logits(IMAGES))
    answer = model.predict(IMAGES, verbose=0)
    np.testing.assert_allclose(
        again, np.exp(answer) if "log" in end else answer, rtol=1e-3, atol=1e-5
    )


def test_training_is_off_even_where_the_model_asks_for_it_as_in_predict():
    inner = keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.Conv2D(4, 3)])
    inner.add(keras.layers.BatchNormalization())
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.GlobalAveragePooling2D()(inner(image, training=True))
    model = keras.Model(image, keras.layers.Dense(3)(x))
    logits = FrozenClassifier(model).logits(IMAGES)
    np.testing.assert_allclose(logits, model.predict(IMAGES, verbose=0), rtol=1e-4, atol=1e-4)


def test_a_model_that_answers_at_random_is_refused():
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(4, 3)(image)
    x = keras.layers.Lambda(lambda t: t + keras.random.normal((4,)))(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    with pytest.raises(ModelError, match="changes its own variables while it predicts"):
        FrozenClassifier(keras.Model(image, keras.layers.Dense(3)(x)))


@pytest.mark.parametrize(
    "ends",
    [
        [keras.layers.Dense(3, activation="relu")],
        [keras.layers.Dense(3), keras.layers.ReLU()],
    ],
    ids=["Dense relu", "ReLU"],
)
def test_an_end_that_hides_its_logits_is_refused(ends):
    layers = [keras.layers.Conv2D(4, 3), keras.layers.GlobalAveragePooling2D(), *ends]
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), *layers])
    with pytest.raises(ModelError, match="no logits to explain"):
        FrozenClassifier(model)


def test_a_torn_model_file_is_not_called_code_to_trust(tmp_path):
    file = tmp_path / "torn.keras"
    file.write_text("no model")
    with pytest.raises(ModelError, match="is it whole") as error:
        load_model(file, trust=False)
    assert "trust-model" not in str(error.value) and ".." not in str(error.value)


@pytest.mark.parametrize(("axis", "strength"), [(0, "strong"), (-1, "fine")])
def test_a_softmax_over_the_images_instead_of_the_classes_is_told(axis, strength):
    x = image()
    model = keras.Model(x, keras.ops.softmax(head(backbone()(x)), axis=axis))
    seen = {o.key: o for o in FrozenClassifier(model).observations()}["alone"]
    assert seen.strength == strength

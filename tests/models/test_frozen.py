import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from audit.models.frozen import base, fold_scales, freeze

SIZE = 6
RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(2, SIZE, SIZE, 3)).astype(np.float32)
KERNEL = tf.constant(RNG.normal(size=(1, 1, 3, 4)).astype(np.float32))
SCALE = tf.constant(np.array([1, 2, 3, 4], np.float32))


def frozen(function):
    return freeze(function, SIZE)


def value(graph, tensor=None):
    (found,) = graph.values(IMAGES, [tensor or graph.output])
    return found


def convolved(x):
    return tf.nn.conv2d(x, KERNEL, 1, "SAME")


def test_weights_become_constants():
    weight = tf.Variable(3.0)
    graph = frozen(lambda x: x * weight)
    weight.assign(5.0)
    np.testing.assert_allclose(value(graph), 3 * IMAGES)


def test_what_does_not_depend_on_the_image_is_worked_out_once():
    graph = frozen(lambda x: x * tf.sqrt(tf.constant(16.0)))
    assert [node.op for node in graph.nodes if node.op != "Placeholder"] == ["Mul"]


def test_cuts_are_where_all_ways_meet():
    def skip(x):
        one = tf.nn.relu(x, name="one")
        return tf.nn.elu(tf.add(tf.nn.tanh(one, name="two"), one, name="sum"), name="end")

    assert [base(cut) for cut in frozen(skip).cuts()] == ["one", "sum", "end"]


def test_the_way_of_a_shape_does_not_count():
    def shaped(x):
        y = tf.nn.relu(x, name="relu")
        return tf.reshape(y, [tf.shape(x)[0], -1], name="flat")

    assert [base(cut) for cut in frozen(shaped).cuts()] == ["relu", "flat"]


def test_a_scale_goes_into_the_kernel():
    graph = frozen(lambda x: tf.nn.relu(convolved(x) * SCALE + 1.0 * SCALE))
    folded = fold_scales(graph, [])
    ops = [node.op for node in folded.nodes if node.op != "Placeholder"]
    assert ops == ["Conv2D", "BiasAdd", "Relu"]
    np.testing.assert_allclose(value(folded), value(graph), rtol=1e-5, atol=1e-5)


def test_a_convolution_that_is_read_twice_keeps_its_kernel():
    def twice(x):
        y = convolved(x)
        return y * SCALE + tf.nn.relu(y)

    graph = frozen(twice)
    folded = fold_scales(graph, [])
    assert "Mul" in [node.op for node in folded.nodes]
    np.testing.assert_allclose(value(folded), value(graph), rtol=1e-5)


def test_kept_tensors_stay():
    graph = frozen(lambda x: tf.nn.relu(convolved(x) * SCALE))
    convolution = next(node.name for node in graph.nodes if node.op == "Conv2D")
    folded = fold_scales(graph, [f"{convolution}:0"])
    kept = value(folded, f"{convolution}:0")
    np.testing.assert_allclose(kept, convolved(IMAGES), rtol=1e-5, atol=1e-6)


def test_a_scale_of_the_whole_map_is_no_scale_of_channels():
    field = tf.constant(RNG.normal(size=(1, SIZE, SIZE, 1)).astype(np.float32))
    graph = frozen(lambda x: convolved(x) * field)
    np.testing.assert_allclose(value(fold_scales(graph, [])), value(graph), rtol=1e-5)


def test_half_precision_becomes_single():
    def half(x):
        return tf.cast(
            tf.nn.conv2d(tf.cast(x, tf.float16), tf.cast(KERNEL, tf.float16), 1, "SAME"), tf.float32
        )

    graph = frozen(half)
    expected = tf.nn.conv2d(IMAGES, KERNEL, 1, "SAME")
    np.testing.assert_allclose(value(graph), expected, rtol=1e-5, atol=1e-5)


def test_gradients_that_operations_define_themselves_do_not_hinder():
    graph = frozen(lambda x: layers.Activation("silu")(x))

    @tf.function
    def gradient(x):
        return tf.gradients(graph.run(x, [graph.output])[0], x)[0]

    s = 1 / (1 + np.exp(-IMAGES))
    np.testing.assert_allclose(gradient(tf.constant(IMAGES)), s + IMAGES * s * (1 - s), rtol=1e-4)


def test_what_changes_variables_is_refused():
    count = tf.Variable(0.0)

    def counting(x):
        count.assign_add(1.0)
        return x * count

    with pytest.raises(ValueError, match="changes its own variables"):
        frozen(counting)


def test_efficientnet_is_equal_and_holds_no_scale_after_a_convolution():
    model = keras.applications.EfficientNetB0(weights=None, input_shape=(32, 32, 3), classes=5)
    graph = freeze(lambda x: model(x, training=False), 32)
    folded = fold_scales(graph, [])
    images = RNG.uniform(0, 255, (1, 32, 32, 3)).astype(np.float32)
    (found,) = folded.values(images, [folded.output])
    np.testing.assert_allclose(found, model(images, training=False), rtol=1e-3)
    made_by = {node.name: node.op for node in folded.nodes}
    for node in folded.nodes:
        if node.op == "Mul" and any(base(name) in folded.constants for name in node.input):
            assert not any("Conv" in made_by.get(base(name), "") for name in node.input)


# Functions within the graph

POOLED = tf.constant(RNG.normal(size=(3, 4)).astype(np.float32))


def pooled(x):
    return tf.matmul(tf.reduce_mean(x, axis=(1, 2)), POOLED)


def branching(x):
    scores = pooled(x)
    return tf.cond(tf.reduce_mean(scores) > 0, lambda: 2.0 * scores, lambda: 3.0 * scores)


def looping(x):
    def once(k, y):
        return k + 1, tf.tanh(y) + 0.1 * y

    return pooled(tf.while_loop(lambda k, y: k < 3, once, [0, x])[1])


def mapping(x):
    return tf.map_fn(lambda image: pooled(image[None])[0], x)


def grouped(policy, groups=2, **options):
    keras.utils.set_random_seed(0)
    convolution = layers.Conv2D(8, 3, groups=groups, activation="relu", dtype=policy, **options)
    widen = layers.Conv2D(4, 1, dtype=policy)
    widen.build((None, SIZE, SIZE, 3))
    convolution.build((None, SIZE, SIZE, 4))
    return lambda x: tf.reduce_mean(tf.cast(convolution(widen(x)), tf.float32), axis=(1, 2))


@pytest.mark.parametrize(
    ("function", "tolerance"),
    [
        (branching, 1e-5),
        (looping, 1e-5),
        (mapping, 1e-5),
        (grouped("float32"), 1e-5),
        (grouped("mixed_bfloat16"), 0.05),
        (grouped("float32", groups=4, strides=2, padding="same"), 1e-5),
        (grouped("float32", groups=4, dilation_rate=2), 1e-5),
    ],
    ids=["cond", "while", "map", "grouped", "grouped-half", "by channel", "dilated"],
)
def test_values_and_gradients_pass_through_inner_functions(function, tolerance):
    graph = frozen(function)
    images = tf.constant(IMAGES)

    @tf.function
    def own(x):
        (scores,) = graph.run(x, [graph.output])
        return tf.gradients(scores[:, 1], x)[0]

    with tf.GradientTape() as tape:
        tape.watch(images)
        expected = tf.function(function)(images)
        score = expected[:, 1]
    gradient = np.asarray(tape.gradient(score, images))
    np.testing.assert_allclose(value(graph), expected, atol=tolerance * np.abs(expected).max())
    np.testing.assert_allclose(own(images), gradient, atol=tolerance * np.abs(gradient).max())

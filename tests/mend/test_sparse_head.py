"""Last layers under an l1 penalty."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from audit.mend.head import Scale, mean_of, sparse
from audit.training.logistic import Head


def _separable(classes, count=90, channels=12):
    random = np.random.default_rng(3)
    labels = np.arange(count) % classes
    features = random.normal(size=(count, channels)).astype(np.float32)
    features[np.arange(count), labels] += 1.5
    return features, labels


def _cost(weights, features, labels, strength):
    logits = features @ weights[:-1] + weights[-1]
    likely = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -likely[np.arange(len(labels)), labels].sum() * strength + np.abs(weights[:-1]).sum()


@pytest.mark.parametrize("classes", [2, 3])
def test_a_sparse_head_costs_no_more_than_that_of_scikit_learn(classes):
    features, labels = _separable(classes)
    own = sparse(features, labels, classes, 0.2)
    theirs = LogisticRegression(l1_ratio=1, C=0.2, solver="saga", max_iter=5000, tol=1e-6)
    theirs.fit(features, labels)
    weights = np.vstack([theirs.coef_.T, theirs.intercept_])
    if classes == 2:
        weights = np.hstack([-weights / 2, weights / 2])
    assert _cost(own, features, labels, 0.2) <= _cost(weights, features, labels, 0.2) * 1.001


def test_a_strong_penalty_leaves_no_weight_but_the_biases():
    features, labels = _separable(3)
    weights = sparse(features, labels, 3, 1e-4)
    assert not weights[:-1].any()


def test_a_start_changes_the_way_and_not_the_end():
    features, labels = _separable(2)
    start = np.random.default_rng(0).normal(size=(13, 2)).astype(np.float32)
    begun = sparse(features, labels, 2, 0.3, start.copy())
    assert _cost(begun, features, labels, 0.3) == pytest.approx(
        _cost(sparse(features, labels, 2, 0.3), features, labels, 0.3), rel=1e-3
    )


def test_scaling_is_undone_in_the_head_of_plain_features():
    features, labels = _separable(2)
    features = features * 7 + 3
    scale = Scale.of(features)
    weights = sparse(scale.scaled(features), labels, 2, 0.3)
    wanted = scale.scaled(features) @ weights[:-1] + weights[-1]
    assert np.allclose(scale.undone(weights).logits(features), wanted, atol=1e-3)


def test_a_feature_that_never_varies_gets_no_weight():
    features, labels = _separable(2)
    features[:, 0] = 5
    scale = Scale.of(features)
    assert not sparse(scale.scaled(features), labels, 2, 0.3)[0].any()


def test_the_mean_of_heads_gives_the_mean_of_their_logits():
    random = np.random.default_rng(1)
    heads = [Head(random.normal(size=(4, 2)).astype(np.float32), np.zeros(2, np.float32))
             for _ in range(3)]  # fmt: skip
    features = random.normal(size=(5, 4)).astype(np.float32)
    wanted = np.mean([head.logits(features) for head in heads], axis=0)
    assert np.allclose(mean_of(heads).logits(features), wanted, atol=1e-5)

"""Studies side by side: full calls, answers to whom they belong, few at a time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audit.explainers.base import PASS
from audit.interventions.together import together


def numbered(value):
    return np.full((2, 2, 3), value, np.float32)


def studies(asks, begun=None):
    """Studies that ask for so many images at a time, each image a number of its own."""

    def study(place, counts):
        if begun is not None:
            begun.append(place)
        seen = []
        for turn, count in enumerate(counts):
            images = [numbered(100 * place + 10 * turn + k) for k in range(count)]
            logits = yield images
            assert logits.shape == (count, 1)
            seen += logits[:, 0].tolist()
        return seen

    return (study(place, counts) for place, counts in enumerate(asks))


def predict(images):
    return images.mean(axis=(1, 2))[:, :1].copy()


ASKS = st.lists(st.lists(st.integers(1, 20), max_size=4), max_size=8)


@given(ASKS)
def test_every_study_gets_the_answers_to_its_own_images_in_order(asks):
    expected = [
        [100 * place + 10 * turn + k for turn, count in enumerate(counts) for k in range(count)]
        for place, counts in enumerate(asks)
    ]
    assert together(studies(asks), predict) == expected


@given(ASKS)
def test_a_call_is_full_while_any_study_is_left_to_begin(asks):
    sizes, begun, left = [], [], []

    def shown(images):
        sizes.append(len(images))
        left.append(len(asks) - len(begun))
        return predict(images)

    together(studies(asks, begun), shown)
    assert sum(sizes) == sum(map(sum, asks))
    assert all(n == PASS for n, more in zip(sizes, left, strict=True) if more)


def test_a_study_begins_only_when_those_before_it_leave_a_call_unfilled():
    begun, at = [], []

    def shown(images):
        at.append(len(begun))
        return predict(images)

    together(studies([[PASS, PASS]] * 3, begun), shown)
    assert at == [1, 1, 2, 2, 3, 3]


def test_all_calls_share_their_memory():
    places = []

    def shown(images):
        places.append(images.ctypes.data)
        return predict(images)

    together(studies([[3], [PASS], [5]]), shown)
    assert len(places) == 2
    assert len(set(places)) == 1

import pytest

from audit.datasets.splitnames import split_of


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("train", "train Train TRAIN training trn seg_train train_set train-images 01_train "
                  "TrainSet trainset images_train train2017 trainval training_data"),
        ("validation", "val Valid validation VAL dev valset val_images 02-validation development"),
        ("test", "test TEST testing tst eval evaluation holdout hold-out hold_out seg_test "
                 "test_images Testing_Set testset"),
    ],
)  # fmt: skip
def test_names_of_splits_as_found_in_the_wild(split, names):
    assert {name: split_of(name) for name in names.split()} == dict.fromkeys(
        names.split(), (split, ())
    )


def test_a_further_word_is_told():
    assert split_of("Train-new") == ("train", ("new",))
    assert split_of("flowers_test") == ("test", ("flowers",))


@pytest.mark.parametrize("name", ["cat", "contest", "latest", "restrain", "", "train_test", "2019"])
def test_other_names_are_no_splits(name):
    assert split_of(name) is None

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from audit.core.errors import DataError
from audit.masks.pixels import Pixels
from audit.masks.stated import stated
from audit.masks.values import decide, look, read_mask, to_trimap

FILE = Path("m.png")
TRIMAPS = arrays(np.uint8, (6, 7), elements=st.sampled_from([0, 128, 255]))


def grey(rows):
    return Pixels("grey", np.atleast_2d(np.array(rows, np.int64)))


def read(*masks, said=None):
    """All masks of a source, read by what all of them tell."""
    convention = decide([look(mask) for mask in masks], said or stated())
    return [to_trimap(mask, convention, FILE).tolist() for mask in masks]


def style(*masks):
    return decide([look(mask) for mask in masks]).style


# What a whole source tells


def test_in_zeros_ones_and_255_the_last_is_unknown():
    assert read(grey([0, 1, 255])) == [[[0, 255, 128]]]


def test_a_mask_of_void_alone_is_read_as_its_folder_is():
    assert read(grey([0, 1, 255]), grey([0, 3, 255]), grey([0, 0, 255]))[2] == [[0, 0, 128]]


def test_numbers_of_things_are_all_subject():
    assert read(grey([0, 1, 8]), grey([0, 5, 5])) == [[[0, 255, 255]], [[0, 255, 255]]]


def test_one_two_three_without_zero_are_subject_background_unknown():
    assert read(grey([1, 2, 3]), grey([2, 2, 3])) == [[[255, 0, 128]], [[0, 0, 128]]]


def test_with_a_zero_they_are_numbers_of_things():
    assert read(grey([1, 2, 3]), grey([0, 2, 3])) == [[[255, 255, 255]], [[0, 255, 255]]]


def test_numbers_without_a_zero_are_refused_with_the_option_that_says_which():
    with pytest.raises(DataError, match=r"none of 1, 2 is plainly the background: say"):
        read(grey([1, 2]), grey([2, 2]))


def test_an_odd_value_among_masks_of_0_and_255_is_refused():
    convention = decide([look(grey([0, 60, 255])), look(grey([0, 0, 255])), look(grey([0, 255]))])
    assert to_trimap(grey([0, 255]), convention, FILE).tolist() == [[0, 255]]
    with pytest.raises(DataError, match=r"m\.png holds the value 60: use 255 for the foreground"):
        to_trimap(grey([0, 60, 255]), convention, FILE)


def test_zeros_and_ones_among_masks_of_0_and_255_are_read_and_told():
    masks = grey([0, 255]), grey([0, 255]), grey([0, 1])
    assert read(*masks) == [[[0, 255]], [[0, 255]], [[0, 255]]]
    convention = decide([look(mask) for mask in masks])
    assert convention.doubts == (
        "1 of 3 masks hold 0 and 1, the others 0 and 255: each is read alone",
    )


def test_a_mask_of_void_among_masks_of_0_and_255_is_refused_not_turned_over():
    masks = grey([0, 255]), grey([0, 255]), grey([0, 1, 255])
    with pytest.raises(DataError, match="holds the value 1"):
        read(*masks)


def test_where_no_mask_holds_255_the_one_level_is_the_subject_and_told():
    convention = decide([look(grey([0, 128])), look(grey([0, 128]))])
    assert to_trimap(grey([0, 128]), convention, FILE).tolist() == [[0, 255]]
    assert convention.doubts == ("no mask holds 255, so 128 is taken for the subject",)


def test_an_odd_value_among_masks_of_0_and_1_is_refused():
    ones = [grey([0, 1])] * 9
    with pytest.raises(DataError, match="holds the value 60"):
        read(*ones, grey([0, 1, 60]))
    assert read(*ones, grey([0, 1, 2]))[9] == [[0, 255, 255]]


def test_several_numbers_in_a_mask_are_told():
    (doubt,) = decide([look(grey([0, 1, 2])), look(grey([0, 1]))]).doubts
    assert doubt == "1 of 2 masks hold several numbers, all taken for the subject"


def test_shades_are_no_numbers():
    assert style(grey(range(255))) == "levels"
    with pytest.raises(DataError, match="holds the value 9"):
        read(grey(range(255)))


def test_blurred_outlines_of_small_things_are_no_numbers():
    blurred = [grey([0] * 5 + list(range(20, 200))) for _ in range(3)]
    small = grey([0, 0, 40, 80, 255])
    convention = decide([look(mask) for mask in (*blurred, small)])
    assert convention.style == "levels"
    with pytest.raises(DataError, match="holds the value 40"):
        to_trimap(small, convention, FILE)


def test_255_with_noise_below_it_is_no_void():
    with pytest.raises(DataError, match="holds the value 60"):
        read(grey([0, 60, 254, 254, 254, 255]))


def colours(*codes):
    return Pixels("colour", np.array([codes], np.int64))


def test_colours_on_black_are_subject_and_pascals_border_is_unknown():
    assert read(colours(0, 0x800000, 0xE0E0C0)) == [[[0, 255, 128]]]


def test_a_grey_object_among_colours_is_subject():
    assert read(colours(0, 0x800000), colours(0, 0x80), grey([0, 128]))[2] == [[0, 255]]


def test_white_around_a_colour_is_background():
    mask = Pixels("colour", np.array([[0xFFFFFF] * 3, [0xFFFFFF, 0xFF0000, 0xFFFFFF]], np.int64))
    assert read(mask) == [[[0, 0, 0], [0, 255, 0]]]


def test_two_colours_of_which_none_is_plainly_background_are_refused():
    with pytest.raises(DataError, match="is in colour"):
        read(colours(0xFF0000, 0x00FF00))


# What the user says


def test_stated_values_are_the_subject_and_all_others_background():
    assert read(grey([0, 1, 2, 9]), said=stated("2-8,9")) == [[[0, 0, 255, 255]]]


def test_turning_levels_over_keeps_what_is_unknown():
    masks = grey([0, 128, 255]), grey([5, 128, 250])
    assert read(*masks, said=stated("0")) == [[[255, 128, 0]], [[255, 128, 0]]]


def test_turning_zeros_and_ones_over():
    assert read(grey([0, 1]), said=stated("0")) == [[[255, 0]]]


def test_stated_unknown_leaves_the_rest_to_be_found():
    assert read(grey([0, 60, 255, 255]), said=stated(unknown="255")) == [[[0, 255, 128, 128]]]
    assert read(grey([1, 2, 2, 7]), said=stated("1", "7")) == [[[255, 0, 0, 128]]]


def test_only_what_is_read_otherwise_changes_a_fingerprint():
    assert decide([look(grey([0, 128, 255]))]).token == ""
    assert decide([look(grey([0, 1]))]).token == ""
    tokens = {
        decide([look(grey([0, 1, 255]))]).token,
        decide([look(grey([0, 1, 2]))]).token,
        decide([look(grey([0, 255]))], stated("0")).token,
    }
    assert len(tokens - {""}) == 3


# Any mask, any file

CONVENTIONS = {
    "0/128/255": {0: 0, 128: 128, 255: 255},
    "0/1/255": {0: 0, 128: 255, 255: 1},
    "index and void": {0: 0, 128: 255, 255: 15},
    "pets": {0: 2, 128: 3, 255: 1},
    "16 bits": {0: 0, 128: 32896, 255: 65535},
    "16 bits, void": {0: 0, 128: 65535, 255: 7},
    "shares": {0: 0.0, 128: 0.5, 255: 1.0},
    "colour": {0: (0, 0, 0), 128: (224, 224, 192), 255: (0, 128, 0)},
}


def rendered(trimap, name):
    table = CONVENTIONS[name]
    out = np.zeros((*trimap.shape, *np.shape(table[255])), np.float32)
    for value, code in table.items():
        out[trimap == value] = code
    if name == "shares":
        return Image.fromarray(out), ".tif"
    return Image.fromarray(out.astype(np.uint16 if "16" in name else np.uint8)), ".png"


@pytest.mark.parametrize("name", CONVENTIONS)
@given(trimap=TRIMAPS)
def test_a_mask_reads_the_same_in_every_convention(tmp_path_factory, name, trimap):
    # Its corner tells the values; 15 must outweigh 255 there, as objects do their borders.
    trimap[0, :3], trimap[1:3], trimap[trimap == 128] = (0, 255, 255), 255, 0
    trimap[0, 3] = 128
    image, suffix = rendered(trimap, name)
    file = tmp_path_factory.getbasetemp() / f"convention{suffix}"
    image.save(file)
    np.testing.assert_array_equal(read_mask(file), trimap)


@given(TRIMAPS)
def test_a_mask_of_two_values_reads_the_same_in_bits_ones_and_opacity(tmp_path_factory, trimap):
    trimap[trimap == 128] = 0
    trimap[0, :2] = 0, 255
    file = tmp_path_factory.getbasetemp() / "two.png"
    rgba = np.dstack([np.full((6, 7, 3), 90, np.uint8), trimap])
    for image in (Image.fromarray(trimap).convert("1"), Image.fromarray(trimap // 255),
                  Image.fromarray(rgba), Image.fromarray(trimap).convert("P")):  # fmt: skip
        image.save(file)
        np.testing.assert_array_equal(read_mask(file), trimap)


KINDS = st.sampled_from(["grey", "lossy", "opacity", "colour"])
VALUES = st.one_of(st.integers(0, 3), st.integers(0, 255), st.sampled_from([0, 128, 255, 65535]))
MASKS = st.builds(Pixels, KINDS, arrays(np.int64, (3, 4), elements=VALUES))
SUBJECTS = st.sampled_from(["auto", "0", "1-8", "255"])
SAID = st.builds(stated, SUBJECTS, st.sampled_from(["auto", "9"]))


@given(st.lists(MASKS, min_size=1, max_size=5), SAID)
def test_whatever_masks_hold_each_is_a_trimap_or_an_error_that_names_it(masks, said):
    convention = decide([look(mask) for mask in masks], said)
    for mask in masks:
        try:
            trimap = to_trimap(mask, convention, FILE)
        except DataError as error:
            assert "m.png" in str(error)
            continue
        assert trimap.dtype == np.uint8
        assert trimap.shape == (3, 4)
        assert set(np.unique(trimap)) <= {0, 128, 255}


def test_shares_of_votes_are_subject_from_half_on_and_unknown_below():
    row = np.array([[0, 51, 102, 153, 204, 255]], np.int64)
    found = decide([look(Pixels("grey", row))])
    assert found.style == "votes" and found.doubts
    trimap = to_trimap(Pixels("grey", row), found, Path("m.png"))
    assert trimap.tolist() == [[0, 128, 128, 255, 255, 255]]


def test_numbers_of_things_with_void_are_no_votes():
    row = np.array([[0, 1, 2, 3, 255]], np.int64)
    assert decide([look(Pixels("grey", row))]).style == "indices"


@pytest.mark.parametrize(
    ("row", "doubt"),
    [
        ([0, 1, 255, 255], "255, taken for unknown"),
        ([0, 255, 128, 128], "128, taken for unknown"),
        ([0, 254, 3, 3], "3, taken for background"),
    ],
)
def test_what_covers_more_than_the_subject_may_be_the_subject(row, doubt):
    (told,) = decide([look(grey(row)), look(grey([0, 0, 0, 0]))]).doubts
    assert told == f"in 1 of 2 masks {doubt}, covers more than the subject"
    assert not decide([look(grey(row))], stated("255")).doubts


def test_a_border_of_unknown_pixels_is_no_doubt():
    assert not decide([look(grey([0, 1, 1, 255])), look(grey([0, 2, 2, 255]))]).doubts

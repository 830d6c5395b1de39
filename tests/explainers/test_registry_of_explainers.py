"""Which explainers another package may bring."""

import subprocess
import sys

import pytest

from audit.core.registries import EXPLAINERS
from audit.core.registry import KEY
from audit.explainers.base import Explainer
from audit.explainers.registry import TAKEN, fault
from audit.storage.records import RECORD_SCHEMA, record_schema


class Toy(Explainer):
    key, title, citation, description = "toy", "A toy", "Nobody 2026", "Explains nothing."

    def __call__(self, images, targets, classifier, names):
        return images.mean(axis=-1)


def other(**attributes):
    return type("Other", (Toy,), attributes)


def test_a_sound_one_may_be_brought():
    assert fault("toy", Toy) == ""


@pytest.mark.parametrize(
    ("brought", "why"),
    [
        (Toy(), "is no class that fills in"),
        (int, "is no class that fills in"),
        (Explainer, "is no class that fills in"),
        (other(key="toi"), "needs a key of its own, of the same name, not 'toi'"),
        (other(judged=True), "says that verdicts rest on it: they rest on gradcam and ig alone"),
        (other(storage="sparse"), "has the storage 'sparse', which is neither"),
        (other(title=""), "lacks a title"),
        (other(title="<b>"), "lacks a title"),
        (other(title=None), "lacks a title"),
        (other(citation=" "), "lacks a title"),
        (other(description="x" * 1001), "lacks a title"),
    ],
)
def test_what_is_wrong_with_one_is_said(brought, why):
    assert fault("toy", brought).startswith(why)


@pytest.mark.parametrize("key", TAKEN)
def test_a_key_that_has_a_meaning_already_is_refused(key):
    assert KEY.fullmatch(key)
    assert fault(key, other(key=key)).startswith("needs a key of its own")


def test_no_other_key_would_have_columns_that_are_there():
    ends = [name.removeprefix("toy_") for name in record_schema(["toy"]).names if "toy_" in name]
    there = {
        n.removesuffix(f"_{e}") for n in RECORD_SCHEMA.names for e in ends if n.endswith(f"_{e}")
    }
    assert there <= {*TAKEN, *EXPLAINERS}


def test_listing_and_describing_them_imports_nothing_heavy():
    program = (
        "import sys\n"
        "from audit.explainers.registry import EXPLAINERS\n"
        "assert 'numpy' not in sys.modules and len(list(EXPLAINERS)) >= 4\n"
        "print([EXPLAINERS[key].of({}).about.title for key in EXPLAINERS])\n"
        "print({'tensorflow', 'lime', 'shap', 'skimage'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    titles, loaded = done.stdout.splitlines()
    assert "Integrated Gradients" in titles
    assert loaded == "set()"

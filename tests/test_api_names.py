"""Functions of the package and its folders of the same names."""

import inspect

import pytest

import audit
import audit.attach.address
import audit.compare.build
import audit.mend.place as place
from audit.core.errors import RunFolderError


def test_a_folder_of_a_functions_name_is_called_as_the_function():
    for function in (audit.attach, audit.compare, audit.mend):
        assert callable(function)
        assert inspect.ismodule(function)
    assert audit.mend.place is place


def test_its_call_is_that_of_the_function():
    with pytest.raises(RunFolderError, match="0 runs given"):
        audit.compare([], "nowhere")

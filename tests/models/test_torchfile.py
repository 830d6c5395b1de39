import pickle
import struct

import numpy as np
import pytest

from audit.core.errors import ModelError
from audit.models.torchfile import read_tensors

HEAD = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True})


class Global:
    """A class that pickles as the name ``module.name``, as PyTorch's own would."""

    def __init__(self, module, name):
        self.line = f"c{module}\n{name}\n".encode()


class Writer:
    """Writes PyTorch's legacy layout: five pickles of protocol 2, then the raw storages."""

    def __init__(self, head=HEAD):
        self.parts = [pickle.dumps(value, protocol=2) for value in head]

    def body(self, *opcodes):
        self.parts.append(b"\x80\x02" + b"".join(opcodes) + b".")
        return self

    def storages(self, **arrays):
        self.parts.append(pickle.dumps(sorted(arrays), protocol=2))
        for _, array in sorted(arrays.items()):
            self.parts.append(struct.pack("<q", array.size) + array.tobytes())
        return self

    def save(self, folder):
        file = folder / "weights.pth"
        file.write_bytes(b"".join(self.parts))
        return file


def text(value):
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def number(value):
    return b"J" + struct.pack("<i", value)


def ints(*values):
    return b"(" + b"".join(map(number, values)) + b"t"


def glob(module, name):
    return f"c{module}\n{name}\n".encode()


def call(function, *args):
    return function + b"(" + b"".join(args) + b"tR"


def storage(key, count, kind="FloatStorage"):
    tag = text("storage") + glob("torch", kind) + text(key) + text("cpu") + number(count)
    return b"(" + tag + b"NtQ"


ORDERED = call(glob("collections", "OrderedDict"))


def tensor(stored, offset, shape, stride):
    rebuild = glob("torch._utils", "_rebuild_tensor_v2")
    return call(rebuild, stored, number(offset), ints(*shape), ints(*stride), b"\x89", ORDERED)


def state(**tensors):
    return ORDERED + b"(" + b"".join(text(k) + v for k, v in tensors.items()) + b"u"


SIX = np.arange(6, dtype="<f4")


def one_tensor(folder, offset=0, shape=(2, 3), stride=(3, 1), count=6, stored=SIX):
    body = state(w=tensor(storage("0", count), offset, shape, stride))
    return Writer().body(body).storages(**{"0": stored}).save(folder)


# What it reads


def test_tensor_comes_in_its_shape(tmp_path):
    found = read_tensors(one_tensor(tmp_path))
    assert found["w"].dtype == np.float32
    assert found["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_offset_and_stride_choose_within_the_storage(tmp_path):
    # a transposed view of the last four of six values
    found = read_tensors(one_tensor(tmp_path, offset=2, shape=(2, 2), stride=(1, 2)))
    assert found["w"].tolist() == [[2, 4], [3, 5]]


def test_tensor_without_axes_is_a_number(tmp_path):
    assert read_tensors(one_tensor(tmp_path, offset=3, shape=(), stride=()))["w"] == 3


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("FloatStorage", "<f4"),
        ("DoubleStorage", "<f8"),
        ("HalfStorage", "<f2"),
        ("LongStorage", "<i8"),
        ("IntStorage", "<i4"),
    ],
)
def test_each_kind_of_storage_keeps_its_dtype(tmp_path, kind, dtype):
    body = state(w=tensor(storage("0", 6, kind), 0, (6,), (1,)))
    file = Writer().body(body).storages(**{"0": SIX.astype(dtype)}).save(tmp_path)
    assert read_tensors(file)["w"].dtype == np.dtype(dtype)
    assert read_tensors(file)["w"].tolist() == [0, 1, 2, 3, 4, 5]


def test_several_storages_are_told_apart(tmp_path):
    body = state(a=tensor(storage("7", 6), 0, (6,), (1,)), b=tensor(storage("3", 2), 0, (2,), (1,)))
    arrays = {"3": np.array([8, 9], "<f4"), "7": SIX}
    found = read_tensors(Writer().body(body).storages(**arrays).save(tmp_path))
    assert found["a"].tolist() == [0, 1, 2, 3, 4, 5]
    assert found["b"].tolist() == [8, 9]


def test_tensors_may_share_a_storage(tmp_path):
    body = state(a=tensor(storage("0", 6), 0, (3,), (1,)), b=tensor(storage("0", 6), 3, (3,), (1,)))
    found = read_tensors(Writer().body(body).storages(**{"0": SIX}).save(tmp_path))
    assert (found["a"].tolist(), found["b"].tolist()) == ([0, 1, 2], [3, 4, 5])


# What it refuses


@pytest.mark.parametrize(
    ("offset", "shape", "stride"),
    [
        (1, (2, 3), (3, 1)),
        (0, (7,), (1,)),
        (0, (2,), (6,)),
        (-1, (2,), (1,)),
        (0, (2,), (-1,)),
        (6, (1,), (1,)),
        (0, (0,), (1,)),
        (0, (2_000_000_000,), (0,)),
    ],
)
def test_tensor_beyond_its_storage_is_refused(tmp_path, offset, shape, stride):
    file = one_tensor(tmp_path, offset, shape, stride)
    with pytest.raises(ModelError, match="a tensor reaches beyond its storage"):
        read_tensors(file)


def test_tensor_stretched_after_it_was_made_is_refused(tmp_path):
    # BUILD writes into an object's __dict__, frozen or not
    stretched = tensor(storage("0", 6), 0, (6,), (1,)) + (
        b"}(" + text("shape") + ints(100_000) + b"ub"
    )
    file = Writer().body(state(w=stretched)).storages(**{"0": SIX}).save(tmp_path)
    with pytest.raises(ModelError, match="a tensor reaches beyond its storage"):
        read_tensors(file)


def hostile(function, module, argument):
    return call(glob(module, function), text(argument))


@pytest.mark.parametrize("module", ["os", "posix", "nt"])
def test_a_call_of_the_shell_is_refused_and_not_run(tmp_path, module):
    trace = tmp_path / "trace"
    file = Writer().body(hostile("system", module, f"touch {trace}")).storages().save(tmp_path)
    with pytest.raises(ModelError, match=rf"it asks for {module}\.system, which is no tensor"):
        read_tensors(file)
    assert not trace.exists()


@pytest.mark.parametrize("function", ["eval", "exec", "getattr", "__import__"])
def test_builtins_are_refused(tmp_path, function):
    file = Writer().body(hostile(function, "builtins", "1")).storages().save(tmp_path)
    with pytest.raises(ModelError, match=rf"it asks for builtins\.{function}, which"):
        read_tensors(file)


def test_code_among_the_tensors_is_refused_and_not_run(tmp_path):
    trace = tmp_path / "trace"
    body = state(
        w=tensor(storage("0", 6), 0, (6,), (1,)), x=hostile("system", "os", f"touch {trace}")
    )
    file = Writer().body(body).storages(**{"0": SIX}).save(tmp_path)
    with pytest.raises(ModelError, match=r"it asks for os\.system"):
        read_tensors(file)
    assert not trace.exists()


def test_code_in_the_head_is_refused_and_not_run(tmp_path):
    trace = tmp_path / "trace"
    writer = Writer(head=())
    writer.body(hostile("system", "os", f"touch {trace}"))
    with pytest.raises(ModelError, match=r"it asks for os\.system"):
        read_tensors(writer.save(tmp_path))
    assert not trace.exists()


def test_dotted_names_do_not_reach_through_what_is_allowed(tmp_path):
    # protocol 4 resolves dots in names
    body = b"\x80\x04" + text("collections") + text("OrderedDict.fromkeys") + b"\x93" + b"."
    writer = Writer()
    writer.parts.append(body)
    with pytest.raises(ModelError, match=r"it asks for collections\.OrderedDict\.fromkeys"):
        read_tensors(writer.save(tmp_path))


@pytest.mark.parametrize(
    ("pid", "why"),
    [
        (b"(" + text("module") + text("<f4") + text("0") + b"NNtQ", "it holds a module"),
        (b"(" + text("storage") + text("O") + text("0") + b"NNtQ", "no tensor storage"),
        (text("storage") + b"Q", ""),
    ],
)
def test_other_persistent_ids_are_refused(tmp_path, pid, why):
    with pytest.raises(ModelError, match=f"^Refused weights .*{why}"):
        read_tensors(Writer().body(state(w=pid)).storages().save(tmp_path))


@pytest.mark.parametrize("value", [number(3), text("x"), b"]"])
def test_anything_but_tensors_is_refused(tmp_path, value):
    with pytest.raises(ModelError, match="it holds more than tensors"):
        read_tensors(Writer().body(state(w=value)).storages().save(tmp_path))


def test_file_of_a_list_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"^Refused weights "):
        read_tensors(Writer().body(b"]").storages().save(tmp_path))


def test_another_layout_is_refused(tmp_path):
    with pytest.raises(ModelError, match="it is not in PyTorch's legacy layout"):
        read_tensors(Writer(head=(1, 2, {})).body(state()).storages().save(tmp_path))


def test_big_endian_file_is_refused(tmp_path):
    head = (*HEAD[:2], {"little_endian": False})
    with pytest.raises(ModelError, match="it is not in PyTorch's legacy layout"):
        read_tensors(Writer(head).body(state()).storages().save(tmp_path))


def test_storage_of_another_size_than_told_is_refused(tmp_path):
    with pytest.raises(ModelError, match="it ends early"):
        read_tensors(one_tensor(tmp_path, count=7))


def test_file_cut_anywhere_is_refused(tmp_path):
    content = one_tensor(tmp_path).read_bytes()
    file = tmp_path / "cut.pth"
    for end in range(len(content)):
        file.write_bytes(content[:end])
        with pytest.raises(ModelError) as error:
            read_tensors(file)
        assert str(error.value).startswith(f"Refused weights {file}: ")
        assert "\n" not in str(error.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"^Cannot read weights .*none\.pth: No such file"):
        read_tensors(tmp_path / "none.pth")

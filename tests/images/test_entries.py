"""Entries are read back as they were written, or not at all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ssliqa.images.entries import entry_bytes, map_entry, write_entry

values = st.sampled_from([np.dtype("u1"), np.dtype("<f2")]).flatmap(
    lambda kind: arrays(kind, array_shapes(max_dims=5, max_side=4))
)


@given(values)
def test_arrays_of_pixels_and_of_half_precision_come_back(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("entry") / "an.pixels"
    write_entry(path, values)
    read = map_entry(path, check=True)
    assert read.dtype == values.dtype
    np.testing.assert_array_equal(read, values)
    assert path.stat().st_size == entry_bytes(values.shape, values.dtype)


@given(st.data())
def test_any_changed_byte_is_found(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("entry") / "an.pixels"
    write_entry(path, np.arange(24, dtype=np.float16).reshape(2, 3, 4))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    assert map_entry(path, check=True) is None


def test_a_cut_entry_is_not_mapped(tmp_path):
    path = tmp_path / "an.pixels"
    write_entry(path, np.zeros((3, 4, 3), np.uint8))
    content = path.read_bytes()
    for length in (0, 10, 30, len(content) - 1):
        path.write_bytes(content[:length])
        assert map_entry(path) is None


def test_an_array_of_another_kind_is_a_programming_error(tmp_path):
    with pytest.raises(ValueError, match="not in tuple"):
        write_entry(tmp_path / "an.pixels", np.zeros(3))
    assert not list(tmp_path.iterdir())

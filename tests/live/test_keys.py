"""Routing keys become neuron ids; keys of nobody are counted."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spinnlive.live.keys import KeyTable


def test_keys_with_colour_bits_and_without() -> None:
    keys = np.array([0x300, 0x301, 0x100, 0x110, 0x120])
    table = KeyTable.build(
        ("neurons", "source"), keys, np.array([1, 1, 0, 0, 0]), np.array([0, 1, 0, 1, 2])
    )
    places = table.places(np.array([0x120, 0x301, 0x121, 0x100, 0xFFFFFFFF, 0], np.uint32))
    assert (places < 0).tolist() == [False, False, True, False, True, True]
    places = places[places >= 0]
    assert table.populations[places].tolist() == [0, 1, 0]
    assert table.neurons[places].tolist() == [2, 1, 0]


def test_an_empty_table_knows_nothing() -> None:
    nothing = np.empty(0, np.int64)
    table = KeyTable.build((), nothing, nothing, nothing)
    assert table.places(np.array([1, 2], np.uint32)).tolist() == [-1, -1]


@given(
    st.dictionaries(
        st.integers(0, 0xFFFFFFFF), st.tuples(st.integers(0, 5), st.integers(0, 9999)), min_size=1
    ),
    st.integers(0, 32),
    st.lists(st.integers(0, 0xFFFFFFFF), max_size=50),
    st.data(),
)
def test_it_equals_a_dictionary(
    known: dict[int, tuple[int, int]], narrow: int, strangers: list[int], data: st.DataObject
) -> None:
    """Keys far apart, or ``narrow`` bits closer together."""
    known = {key >> narrow: value for key, value in known.items()}
    table = KeyTable.build(
        tuple("abcdef"),
        np.array(list(known), np.int64),
        np.array([population for population, _ in known.values()], np.int64),
        np.array([neuron for _, neuron in known.values()], np.int64),
    )
    neighbours = [min(key + 1, 0xFFFFFFFF) for key in list(known)[:5]]
    asked = data.draw(st.permutations([*list(known)[:20], *neighbours, *strangers]))
    places = table.places(np.array(asked, np.uint32)).tolist()
    found = [
        None if place < 0 else (int(table.populations[place]), int(table.neurons[place]))
        for place in places
    ]
    assert found == [known.get(key) for key in asked]


def test_the_keys_of_a_population_in_the_order_of_its_neurons() -> None:
    table = KeyTable.build(
        ("a", "b"), np.array([5, 9, 8, 7]), np.array([0, 1, 1, 1]), np.array([0, 0, 1, 2])
    )
    assert table.of("b").tolist() == [9, 8, 7]

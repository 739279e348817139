from __future__ import annotations

import socket

import pytest

from vertex_flow.engine.processes.wire import encode, receive


@pytest.fixture
def pair():
    ends = socket.socketpair()
    yield ends
    for end in ends:
        end.close()


def test_messages_come_one_by_one(pair):
    pair[0].sendall(encode({"a": "ä"}) + encode({"b": [1]}))
    assert (receive(pair[1]), receive(pair[1])) == ({"a": "ä"}, {"b": [1]})


@pytest.mark.parametrize("part", [0, 2, 6])
def test_other_side_is_gone(pair, part):
    pair[0].sendall(encode({"a": 1})[:part])
    pair[0].close()
    assert receive(pair[1]) is None

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vertex_flow.engine.storage.globs import Glob
from vertex_flow.errors import ApiError


@pytest.mark.parametrize(
    ("glob", "name", "matches"),
    [
        ("*.txt", "a.txt", True),
        ("*.txt", "a/b.txt", False),
        ("**.txt", "a/b.txt", True),
        ("**/b.txt", "b.txt", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[a-c]x", "bx", True),
        ("[!a-c]x", "bx", False),
        ("{cat,dog}s", "dogs", True),
        ("{cat,dog}s", "cows", False),
        ("a+b", "a+b", True),
        ("**", "", True),
        ("*b*", "aabb", True),
        ("**a*b", "a/ab", True),
        ("*a*b", "a/ab", False),
        ("x/**/y", "x/a/b/y", True),
        ("x/**/y", "x/y", True),
        ("x/**/y", "xy", False),
        ("[z-a]", "z", False),
        ("[!]", "!", True),
        ("[^]", "^", True),
        ("{a,ab}c", "abc", True),
        ("{,a}b", "b", True),
        ("[a", "[a", True),
        ("a", "ab", False),
    ],
)
def test_globs(glob, name, matches):
    assert Glob(glob).matches(name) is matches


@pytest.mark.parametrize("glob", ["*a" * 40 + "b", "**a" * 40 + "b", "{a,aa}" * 40 + "b"])
def test_a_glob_that_a_regular_expression_would_never_finish(glob):
    assert not Glob(glob).matches("a" * 1000)


def test_a_long_glob():
    with pytest.raises(ApiError, match="it has 1025 characters; at most 1024 are allowed"):
        Glob("*" * 1025)


@settings(derandomize=True, deadline=None, database=None, max_examples=200)
@given(st.text("ab*?[]!-", max_size=8), st.text("ab!-", max_size=8))
def test_without_slashes_globs_are_those_of_files(glob, name):
    wanted = re.fullmatch(fnmatch.translate(glob), name) is not None
    assert Glob(glob).matches(name) is wanted or "[" in glob

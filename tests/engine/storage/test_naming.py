from __future__ import annotations

import pytest

from vertex_flow.engine.storage.naming import check_bucket, check_object, is_bucket, is_object
from vertex_flow.errors import ApiError


@pytest.mark.parametrize("name", ["abc", "my-bucket_1", "a.b.c", "0bucket0", "a" * 63])
def test_names_of_buckets(name):
    assert is_bucket(name)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("ab", "it has 2 characters; 3 to 63 are allowed"),
        ("a" * 64, "it has 64 characters; 3 to 63 are allowed"),
        ("MyBucket", "use lower-case letters, digits, '-', '_' and '.'"),
        ("-abc", "with a letter or a digit first and last"),
        ("..", "it has 2 characters"),
        ("a..b", "each part between dots has 1 to 63 characters"),
        ("a-.b", "no '-' first or last"),
        ("a/b", "use lower-case letters"),
        ("127.0.0.1", "it looks like an IP address"),
        ("goog-things", "it begins with 'goog' or contains 'google'"),
        ("abc\n", "use lower-case letters"),
    ],
)
def test_names_that_no_bucket_has(name, fault):
    with pytest.raises(ApiError) as caught:
        check_bucket(name)
    assert caught.value.code == 400
    assert f"Invalid bucket name: {name!r}: " in caught.value.message
    assert fault in caught.value.message


@pytest.mark.parametrize("name", ["a", "a/b.txt", "a/", "ü/ö", "...", "a..b", "x" * 255])
def test_names_of_objects(name):
    assert is_object(name)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "it is empty"),
        ("../x", "a part of it is '.' or '..', which would leave its place"),
        ("a/../../x", "a part of it is '.' or '..'"),
        ("a/./x", "a part of it is '.' or '..'"),
        ("/etc/passwd", "it begins with '/' or contains '//'"),
        ("a//b", "it begins with '/' or contains '//'"),
        ("a\0b", "it contains a line break or a NUL"),
        ("a\nb", "it contains a line break or a NUL"),
        ("\ud800", "it is not valid UTF-8"),
        ("x" * 256, "a part between slashes has 256 bytes; an object is a file here"),
        ("ü" * 128, "a part between slashes has 256 bytes"),
        ("a/" * 513, "it has 1026 bytes; at most 1024 are allowed"),
    ],
)
def test_names_that_no_object_has(name, fault):
    with pytest.raises(ApiError) as caught:
        check_object("mine", name)
    assert caught.value.code == 400
    assert fault in caught.value.message

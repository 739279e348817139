from __future__ import annotations

import pytest

from vertex_flow.engine.batch_predictions.sources import Source, check_uris, find_sources
from vertex_flow.errors import ApiError


@pytest.fixture
def bucket(home):
    """A bucket `b` with some objects."""
    root = home.storage / "b"
    for name in ("1.csv", "2.csv", "a/1.csv", "a/10.csv", "a/b/1.csv", "a/x[1].csv", "a/note.txt"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def names(home, *uris: str) -> list[str]:
    return [source.uri for source in find_sources(uris, home)]


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("gs://b/*.csv", ["1.csv", "2.csv"]),
        ("gs://b/a/?.csv", ["a/1.csv"]),
        ("gs://b/[13].csv", ["1.csv"]),
        ("gs://b/[!1].csv", ["2.csv"]),
        ("gs://b/[^1].csv", ["2.csv"]),
        ("gs://b/*/1.csv", ["a/1.csv"]),
        ("gs://b/**/1.csv", ["1.csv", "a/1.csv", "a/b/1.csv"]),
        ("gs://b/a/**.txt", ["a/note.txt"]),
        ("gs://b/a/1*", ["a/1.csv", "a/10.csv"]),
    ],
)
def test_wildcards(home, bucket, uri, found):
    assert names(home, uri) == [f"gs://b/{name}" for name in found]


def test_many_wildcards_in_a_long_name_come_to_an_end(home, bucket):
    (bucket / ("a" * 200)).touch()

    assert names(home, f"gs://b/{'*a' * 20}*") == [f"gs://b/{'a' * 200}"]
    with pytest.raises(ApiError, match="matches no file"):
        names(home, f"gs://b/{'*a' * 20}b")


def test_braces_stand_for_themselves(home, bucket):
    (bucket / "{1,2}.tsv").touch()
    (bucket / "1.tsv").touch()

    assert names(home, "gs://b/{1,2}.t*") == ["gs://b/{1,2}.tsv"]


def test_wildcards_that_are_too_long(home):
    uri = f"gs://b/{'*' * 1024}"
    with pytest.raises(ApiError, match=r"a URI with wildcards of 1031 characters; at most 1024 "):
        check_uris([uri], home)


def test_a_path_may_have_wildcards_too(home, bucket):
    assert names(home, f"{bucket}/a/*.txt") == [f"{bucket}/a/note.txt"]


def test_files_come_in_the_order_of_the_uris(home, bucket):
    assert names(home, "gs://b/2.csv", "/gcs/b/[1].csv") == ["gs://b/2.csv", "/gcs/b/1.csv"]


def test_no_match(home, bucket):
    with pytest.raises(ApiError) as caught:
        find_sources(["gs://b/1.csv", "gs://b/*.tsv"], home)
    assert caught.value.message == (
        "input_config.gcs_source.uris[1] 'gs://b/*.tsv' matches no file."
    )
    assert caught.value.status == "NOT_FOUND"


def test_no_uris(home):
    with pytest.raises(ApiError, match=r"input_config\.gcs_source\.uris is required"):
        check_uris([], home)


def test_open(home, bucket):
    with Source("gs://b/a/1.csv", home).open() as file:
        assert file.read() == b"a/1.csv"


@pytest.mark.parametrize("uri", ["gs://b/none", "gs://b/a", "/nowhere/at/all"])
def test_what_is_no_file(home, bucket, uri):
    with pytest.raises(ApiError) as caught:
        Source(uri, home).open()
    assert caught.value.message == f"{uri} is not there, or no file."


def test_a_link_that_leaves_the_buckets(home, bucket):
    (home.root / "secret").write_text("s")
    (bucket / "link").symlink_to(home.root / "secret")
    with pytest.raises(ApiError) as caught:
        Source("gs://b/link", home).open()
    assert caught.value.status == "PERMISSION_DENIED"
    assert caught.value.message == (
        "gs://b/link is behind a symbolic link that leaves the folder of the engine's buckets."
    )

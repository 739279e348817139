from __future__ import annotations

import pytest

NAMES = ["a", "b/1", "b/2", "b/c/3", "b-4", "d/", "d/5"]


@pytest.fixture
def full(bucket, folder):
    for name in NAMES:
        if name.endswith("/"):
            bucket.blob(name).upload_from_string("")
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "empty" / "within").mkdir(parents=True)
    return bucket


def listed(bucket, **options) -> tuple[list[str], set[str]]:
    found = bucket.list_blobs(**options)
    return [blob.name for blob in found], found.prefixes


def test_all(full):
    assert listed(full) == (sorted(NAMES), set())


def test_a_level(full):
    assert listed(full, delimiter="/") == (["a", "b-4"], {"b/", "d/"})


def test_a_folder(full):
    assert listed(full, prefix="b/", delimiter="/") == (["b/1", "b/2"], {"b/c/"})


def test_a_folder_that_is_an_object(full):
    assert listed(full, prefix="d/", delimiter="/") == (["d/", "d/5"], set())


def test_trailing_delimiters(full):
    found = listed(full, delimiter="/", include_trailing_delimiter=True)
    assert found == (["a", "b-4", "d/"], {"b/", "d/"})


def test_a_prefix_within_a_name(full):
    assert listed(full, prefix="b") == (["b-4", "b/1", "b/2", "b/c/3"], set())


def test_another_delimiter(full):
    assert listed(full, delimiter="-") == (["a", "b/1", "b/2", "b/c/3", "d/", "d/5"], {"b-"})


def test_offsets(full):
    assert listed(full, start_offset="b/2", end_offset="d/5") == (["b/2", "b/c/3", "d/"], set())


def test_a_glob(full):
    assert listed(full, match_glob="b/**") == (["b/1", "b/2", "b/c/3"], set())


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("delimiter", [None, "/"])
def test_pages_are_the_whole(full, size, delimiter):
    names, prefixes = [], set()
    for page in full.list_blobs(page_size=size, delimiter=delimiter).pages:
        assert page.num_items + len(page.prefixes) <= size
        names += [blob.name for blob in page]
        prefixes.update(page.prefixes)
    assert (names, prefixes) == listed(full, delimiter=delimiter)


def test_a_limit(full):
    assert [blob.name for blob in full.list_blobs(max_results=2)] == ["a", "b-4"]


def test_nothing_behind_a_link_that_leaves(full, folder, tmp_path):
    (tmp_path / "secret").write_text("x")
    (folder / "out").symlink_to(tmp_path)
    (folder / "file").symlink_to(tmp_path / "secret")
    assert listed(full, delimiter="/") == (["a", "b-4"], {"b/", "d/"})


def test_files_whose_names_no_object_has_are_left_out(full, folder):
    (folder / "x\ny").write_text("x")
    assert listed(full, prefix="x") == ([], set())


def test_only_what_is_asked_for(http, full):
    query = {"fields": "items(name,size),nextPageToken", "maxResults": "1"}
    found = http.get(f"/storage/v1/b/{full.name}/o", params=query).json()
    assert found["items"] == [{"name": "a", "size": "1"}]
    assert set(found) == {"items", "nextPageToken"}

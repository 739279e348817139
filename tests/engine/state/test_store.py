from __future__ import annotations

import base64
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress

import pytest
from google.cloud.aiplatform_v1.types import CustomJob, Execution, Model

from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store
from vertex_flow.errors import ApiError

HERE = "projects/acme/locations/us-central1"


def job(number: int, **fields: object) -> CustomJob:
    return CustomJob(name=f"{HERE}/customJobs/{number}", display_name=f"job {number}", **fields)


def names(jobs: Iterable[CustomJob]) -> list[str]:
    return [job.name.rsplit("/", 1)[1] for job in jobs]


def test_what_is_stored_comes_back(store: Store) -> None:
    store.insert(job(1, labels={"team": "vision"}))

    assert store.get(CustomJob, f"{HERE}/customJobs/1") == job(1, labels={"team": "vision"})


def test_a_resource_is_created_once(store: Store) -> None:
    store.insert(job(1))

    with pytest.raises(ApiError) as caught:
        store.insert(job(1))

    assert str(caught.value) == (
        f'409 ALREADY_EXISTS: The CustomJob "{HERE}/customJobs/1" already exists.'
    )


def test_save_replaces(store: Store) -> None:
    store.save(job(1))
    store.save(job(1, labels={"new": "yes"}))

    assert store.get(CustomJob, f"{HERE}/customJobs/1").labels == {"new": "yes"}


def test_save_keeps_the_place_in_the_list(store: Store) -> None:
    for number in (1, 2):
        store.save(job(number))
    store.save(job(1))

    assert names(store.list(CustomJob, HERE)[0]) == ["2", "1"]


def test_what_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(ApiError) as caught:
        store.get(CustomJob, f"{HERE}/customJobs/1")

    assert str(caught.value) == (
        f'404 NOT_FOUND: The CustomJob "{HERE}/customJobs/1" does not exist.'
    )


def test_a_resource_of_another_kind_is_not_found(store: Store) -> None:
    store.save(job(1))

    assert store.find(Model, f"{HERE}/customJobs/1") is None


def test_a_deleted_resource_is_gone(store: Store) -> None:
    store.save(job(1))
    store.delete(f"{HERE}/customJobs/1")

    assert store.find(CustomJob, f"{HERE}/customJobs/1") is None


def test_all_are_oldest_first(store: Store) -> None:
    for number in (2, 1, 3):
        store.save(job(number))

    assert names(store.all(CustomJob)) == ["2", "1", "3"]


def test_a_list_is_newest_first(store: Store) -> None:
    for number in (2, 1, 3):
        store.save(job(number))

    assert names(store.list(CustomJob, HERE)[0]) == ["3", "1", "2"]


def test_a_list_has_its_parent_only(store: Store) -> None:
    store.save(job(1))
    store.save(CustomJob(name="projects/other/locations/us-central1/customJobs/2"))

    assert names(store.list(CustomJob, HERE)[0]) == ["1"]


def test_a_dash_stands_for_any_location(store: Store) -> None:
    store.save(job(1))
    store.save(CustomJob(name="projects/acme/locations/europe-west4/customJobs/2"))
    store.save(CustomJob(name="projects/acme/locations/europe-west4/x/y/customJobs/3"))

    assert names(store.list(CustomJob, "projects/acme/locations/-")[0]) == ["2", "1"]


@pytest.mark.parametrize(
    "parent", ["projects/a*/locations/us-central1", "projects/acm?/locations/-"]
)
def test_a_parent_is_no_pattern(store: Store, parent: str) -> None:
    store.save(job(1))

    assert store.list(CustomJob, parent) == ([], "")


def test_pages_together_are_the_list(store: Store) -> None:
    for number in range(5):
        store.save(job(number))
    pages, token = [], ""
    while True:
        page, token = store.list(CustomJob, HERE, page_size=2, page_token=token)
        pages.append(names(page))
        if not token:
            break

    assert pages == [["4", "3"], ["2", "1"], ["0"]]


def test_a_list_that_is_deleted_while_it_is_read_misses_nothing(store: Store) -> None:
    for number in range(4):
        store.save(job(number))
    page, token = store.list(CustomJob, HERE, page_size=2)
    for found in page:
        store.delete(found.name)

    assert names(store.list(CustomJob, HERE, page_size=2, page_token=token)[0]) == ["1", "0"]


def test_a_list_that_grows_while_it_is_read_repeats_nothing(store: Store) -> None:
    for number in range(4):
        store.save(job(number))
    _, token = store.list(CustomJob, HERE, page_size=2)
    store.save(job(9))

    assert names(store.list(CustomJob, HERE, page_size=2, page_token=token)[0]) == ["1", "0"]


def test_a_page_has_100_unless_told(store: Store) -> None:
    for number in range(101):
        store.save(job(number))

    assert len(store.list(CustomJob, HERE)[0]) == 100


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ("display_name", ["1", "2", "3"]),
        ("displayName desc", ["3", "2", "1"]),
        ("labels.team, display_name desc", ["3", "1", "2"]),
        ("create_time", ["2", "3", "1"]),
        ("create_time desc", ["1", "3", "2"]),
    ],
)
def test_a_list_is_in_the_order_asked_for(store: Store, order_by: str, expected: list[str]) -> None:
    store.save(job(1, labels={"team": "a"}, create_time="2026-01-03T00:00:00Z"))
    store.save(job(2, labels={"team": "b"}, create_time="2026-01-01T00:00:00Z"))
    store.save(job(3, labels={"team": "a"}, create_time="2026-01-02T00:00:00Z"))

    found = store.list(CustomJob, HERE, order_by=order_by)[0]

    assert names(found) == expected


def test_an_ordered_list_has_pages(store: Store) -> None:
    for number in (3, 1, 2):
        store.save(job(number))
    page, token = store.list(CustomJob, HERE, order_by="display_name", page_size=2)
    rest, _ = store.list(CustomJob, HERE, order_by="display_name", page_token=token)

    assert (names(page), names(rest)) == (["1", "2"], ["3"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order_by": "display_nam"}, 'Invalid order_by "display_nam": CustomJob has no field '
         '"display_nam". Did you mean \'display_name\'?'),
        ({"order_by": "display_name up"}, 'Invalid order_by "display_name up": expected <field>, '
         '<field> asc or <field> desc, and got "display_name up".'),
        ({"page_size": -1}, "page_size is -1; expected 0 to 1000."),
        ({"page_token": "x"}, 'page_token "x" is not one that this API gave.'),
    ],
)  # fmt: skip
def test_a_list_says_what_it_did_not_understand(
    store: Store, options: dict[str, str], message: str
) -> None:
    with pytest.raises(ApiError) as caught:
        store.list(CustomJob, HERE, **options)  # type: ignore[arg-type]

    assert caught.value.message == message


def test_a_token_belongs_to_its_list(store: Store) -> None:
    for number in range(3):
        store.save(job(number))
    _, token = store.list(CustomJob, HERE, page_size=1)

    with pytest.raises(ApiError) as caught:
        store.list(CustomJob, HERE, filter="display_name=x", page_token=token)

    assert caught.value.message == (
        "page_token belongs to another list: parent, filter and order_by must stay the same from "
        "page to page."
    )


def test_an_id_has_19_digits(store: Store) -> None:
    assert len(store.new_id()) == 19


def test_an_id_is_a_64_bit_number(store: Store) -> None:
    assert all(int(store.new_id()) < 2**63 for _ in range(100))


def test_what_is_remembered_is_recalled(store: Store) -> None:
    store.remember("key", {"a": [1]})

    assert store.recall("key") == {"a": [1]}


def test_what_was_never_remembered_is_none(store: Store) -> None:
    assert store.recall("key") is None


def test_what_is_stored_outlives_the_store(home: Home, store: Store) -> None:
    store.save(job(1))
    store.close()

    again = Store(home.database)
    assert names(again.all(CustomJob)) == ["1"]
    again.close()


def test_what_is_stored_outlives_a_kill(home: Home) -> None:
    code = f"""
import os, pathlib
from google.cloud.aiplatform_v1.types import CustomJob
from vertex_flow.engine.state.store import Store
store = Store(pathlib.Path({str(home.database)!r}))
for number in range(3):
    store.save(CustomJob(name=f"{HERE}/customJobs/{{number}}"))
os.kill(os.getpid(), {int(signal.SIGKILL)})
"""
    subprocess.run([sys.executable, "-c", code], check=False, env={**os.environ})
    store = Store(home.database)

    assert len(store.all(CustomJob)) == 3
    store.close()


LONG = random.Random(0).randbytes(50_000).hex()  # nothing makes it much shorter


@pytest.fixture
def full(store: Store) -> Store:
    """A store that holds one job, on a disk that takes no more."""
    store.save(job(1))
    store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count={pages}")
    return store


def test_a_full_disk_is_said(full: Store) -> None:
    with pytest.raises(ApiError) as caught:
        full.save(job(2, labels={"k": LONG}))

    assert str(caught.value) == (
        "429 RESOURCE_EXHAUSTED: The disk that holds the engine's folder is full while storing a "
        "resource. Nothing that was stored is lost: free some space and send the request again."
    )


def test_a_full_disk_loses_nothing(full: Store) -> None:
    with pytest.raises(ApiError):
        full.save(job(1, labels={"k": LONG}))

    assert full.get(CustomJob, f"{HERE}/customJobs/1") == job(1)


LATE = job(1, labels={"k": LONG})


@pytest.fixture
def late(full: Store) -> Store:
    """A store that had no space for how its job ended."""
    full.keep(LATE)
    return full


def test_an_end_that_a_full_disk_does_not_take_is_found(late: Store) -> None:
    assert late.get(CustomJob, LATE.name) == LATE


def test_an_end_that_a_full_disk_does_not_take_is_listed(late: Store) -> None:
    assert late.list(CustomJob, HERE)[0] == [LATE]
    assert late.all(CustomJob) == [LATE]


def test_an_end_is_stored_as_soon_as_there_is_space(late: Store, home: Home) -> None:
    late._db.execute("PRAGMA max_page_count=1000")
    late.save(job(2))

    other = Store(home.database)
    assert other.get(CustomJob, LATE.name) == LATE
    other.close()


def test_what_is_saved_later_wins(late: Store) -> None:
    late._db.execute("PRAGMA max_page_count=1000")
    late.save(job(1))

    assert late.get(CustomJob, LATE.name) == job(1)


def test_a_long_message_takes_less_space_than_it_is_long(store: Store) -> None:
    long = job(1, labels={"k": "long " * 10_000})
    store.save(long)

    size = store._db.execute("SELECT length(message) FROM resources").fetchone()[0]
    assert size < 1000
    assert store.get(CustomJob, long.name) == long


def test_a_transaction_stores_all(store: Store) -> None:
    with store.transaction():
        store.save(job(1))
        store.note(job(1).name, "key", b"value")

    assert store.all(CustomJob) == [job(1)]
    assert store.notes(job(1).name) == {"key": b"value"}


def save_and_fail(store: Store, message: CustomJob) -> None:
    with store.transaction():
        store.save(message)
        raise KeyError


def replace(store: Store, old: CustomJob, new: CustomJob) -> None:
    with store.transaction():
        store.delete(old.name)
        store.save(new)


def test_a_transaction_that_fails_stores_nothing(store: Store) -> None:
    with pytest.raises(KeyError):
        save_and_fail(store, job(1))

    assert store.all(CustomJob) == []


def test_a_transaction_that_finds_the_disk_full_stores_nothing(full: Store) -> None:
    with pytest.raises(ApiError, match="RESOURCE_EXHAUSTED"):
        replace(full, job(1), job(2, labels={"k": LONG}))

    assert full.all(CustomJob) == [job(1)]


def test_an_end_is_not_lost_by_a_transaction_that_fails(late: Store, home: Home) -> None:
    late._db.execute("PRAGMA max_page_count=1000")
    with pytest.raises(KeyError):
        save_and_fail(late, job(2))

    assert late.all(CustomJob) == [LATE]


def test_a_note_takes_the_place_of_an_earlier_one(store: Store) -> None:
    store.note("owner", "key", b"1")
    store.note("owner", "key", b"2")

    assert store.notes("owner") == {"key": b"2"}


def test_notes_go_with_their_owner(store: Store) -> None:
    store.save(job(1))
    store.note(job(1).name, "key")
    store.delete(job(1).name)

    assert store.notes(job(1).name) == {}


def test_what_was_made_for_a_resource_is_found(store: Store) -> None:
    store.save(job(1))
    with store.made_for("owner", "task"):
        store.save(job(1))  # was there before
        store.insert(job(3))
        store.save(job(2))
    store.save(job(4))

    assert store.made("owner", "task") == [job(3).name, job(2).name]
    assert store.made("owner", "other") == []


def test_what_was_made_and_deleted_is_not_found(store: Store) -> None:
    with store.made_for("owner", "task"):
        store.insert(job(1))
    store.delete(job(1).name)

    assert store.made("owner", "task") == []


def test_a_sealed_store_takes_nothing(store: Store, home: Home) -> None:
    store.save(job(1))
    store.seal()
    with pytest.raises(ApiError, match="503 UNAVAILABLE: The engine is stopping"):
        store.save(job(2))
    store.keep(job(1, labels={"late": "yes"}))
    store.close()

    again = Store(home.database)
    assert again.all(CustomJob) == [job(1)]
    again.close()


@pytest.mark.parametrize("values", [5, None, [[1]], {"a": 1}, ["x"], [1, "x"], "x"])
@pytest.mark.parametrize("number", [1, "x", None])
def test_a_forged_page_token_is_refused_or_means_a_page(
    store: Store, values: object, number: object
) -> None:
    for one in range(3):
        store.save(job(one))
    token = store.list(CustomJob, HERE, order_by="display_name", page_size=1)[1]
    digest, *_ = json.loads(base64.urlsafe_b64decode(token))
    forged = base64.urlsafe_b64encode(json.dumps([digest, values, number]).encode()).decode()

    with suppress(ApiError):
        store.list(CustomJob, HERE, order_by="display_name", page_token=forged)


def test_a_page_token_nested_too_deep_is_refused(store: Store) -> None:
    token = base64.urlsafe_b64encode(b"[" * 20_000).decode()

    with pytest.raises(ApiError, match="is not one that this API gave"):
        store.list(CustomJob, HERE, page_token=token)


def test_numbers_come_before_texts(store: Store) -> None:
    for one, value in enumerate(["x", 2, "a", 1]):
        store.save(Execution(name=f"{HERE}/executions/{one}", metadata={"a": value}))

    found = store.list(Execution, HERE, order_by="metadata.a")[0]

    assert [one.metadata["a"] for one in found] == [1, 2, "a", "x"]

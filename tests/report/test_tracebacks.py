"""The last exception in a log, and where in the user's own code it came up."""

from __future__ import annotations

import pytest

from vertex_flow.report.tracebacks import Raised, last_exception

PLAIN = """epoch 1
Traceback (most recent call last):
  File "/app/trainer/task.py", line 12, in main
    load(path)
  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode
    raise JSONDecodeError(...)
json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)
"""

CHAINED = """Traceback (most recent call last):
  File "/app/a.py", line 1, in <module>
    one()
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/b.py", line 2, in two
    three()
ValueError: no luck
"""

CUT_OFF = """    model.fit(data)
  File "/opt/site-packages/keras/model.py", line 9, in fit
    raise ValueError("shapes")
ValueError: shapes
"""


@pytest.mark.parametrize(
    ("text", "raised"),
    [
        (
            PLAIN,
            Raised(
                "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
                "/app/trainer/task.py:12 in main",
            ),
        ),
        (CHAINED, Raised("ValueError: no luck", "/app/b.py:2 in two")),
        (CUT_OFF, Raised("ValueError: shapes", "")),
    ],
)
def test_exceptions(text: str, raised: Raised) -> None:
    assert last_exception(text) == raised


def test_the_place_at_the_top_of_a_module_has_no_function() -> None:
    found = last_exception(CHAINED.partition("\n\n")[0])
    assert found == Raised("KeyError: 'x'", "/app/a.py:1")


@pytest.mark.parametrize(
    "text",
    ["", "ValueError: said by the way", "all is well\n", "Error handling was changed\n    so"],
)
def test_no_exception(text: str) -> None:
    assert last_exception(text) is None


def test_a_long_log_is_read_quickly() -> None:
    assert last_exception("Traceback\n" * 20_000) is None

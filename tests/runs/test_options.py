"""Options of a run: what they may be, and what the place says where nothing is given."""

from __future__ import annotations

from typing import Any

import pytest

from vertex_flow import GcpContext
from vertex_flow.errors import SettingError
from vertex_flow.runs.options import Settled, settle

PLACE = GcpContext(project="acme", labels={"team": "vision"}, network="n", tensorboard="t")


def test_the_place_has_the_defaults() -> None:
    assert settle(PLACE, {}) == Settled(
        service_account="vertex-flow@acme.iam.gserviceaccount.com",
        labels={"team": "vision"},
        network="n",
        tensorboard="t",
    )


def test_an_option_wins_over_the_place() -> None:
    assert settle(PLACE, {"network": "other"}).network == "other"


def test_the_empty_text_turns_off_what_the_place_says() -> None:
    assert settle(PLACE, {"service_account": "", "network": ""}).service_account == ""


def test_none_is_not_given() -> None:
    assert settle(PLACE, {"network": None}).network == "n"


def test_labels_are_put_together() -> None:
    found = settle(PLACE, {"labels": {"team": "speech", "stage": "dev"}})
    assert found.labels == {"team": "speech", "stage": "dev"}


def test_this_machine_has_no_service_account() -> None:
    assert settle(GcpContext.local("home"), {}) == Settled()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": 3}, "Flow.run(network=3): expected a str."),
        (
            {"failure_policy": "Fast"},
            "Flow.run(failure_policy='Fast'): use 'slow' or 'fast'. Did you mean 'fast'?",
        ),
        (
            {"labels": ["a"]},
            "Flow.run(labels=['a']): expected a mapping of str to str, for example "
            "{'team': 'vision'}.",
        ),
        (
            {"labels": {"Team": "x"}},
            "Flow.run(labels={'Team': 'x'}): keys and values are up to 63 lower-case letters, "
            "digits, '_' and '-'; a key starts with a letter.",
        ),
        (
            {"job_ids": "a"},
            "Flow.run(job_ids='a'): there is no option 'job_ids'; there are context, params, "
            "enable_caching, wait, progress, service_account, labels, network, encryption_key, "
            "failure_policy, experiment, tensorboard, job_id, max_cost, hours. Did you mean "
            "'job_id'?",
        ),
        (
            {"network": "\ud800"},
            r"Flow.run(network='\ud800'): expected plain letters, digits and signs (ASCII).",
        ),
    ],
)
def test_an_option_that_is_wrong(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        settle(PLACE, options)
    assert str(caught.value) == message

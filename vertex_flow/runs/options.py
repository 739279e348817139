"""What a run can be told besides its parameters: the options of `Flow.run`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

import attrs

from vertex_flow.errors import SettingError, nearest
from vertex_flow.names import check_labels
from vertex_flow.place import Place
from vertex_flow.texts import plain

FailurePolicy = Literal["slow", "fast"]

_POLICIES = ("slow", "fast")
_ESTIMATED = ("max_cost", "hours")  # what the estimate before the run has checked
_EXPLICIT = ("context", "params", "enable_caching", "wait", "progress")


class RunOptions(TypedDict, total=False):
    """Options of one run; what is not given is the context's, or Vertex AI's default.

    Attributes:
        service_account: E-mail address of the identity that the run has; the empty text stands
            for the project's default account.
        labels: Labels of the pipeline job, on top of the context's.
        network: Compute Engine network that its jobs are peered with, as
            `projects/NUMBER/global/networks/NAME`.
        encryption_key: Cloud KMS key of the pipeline job, which Vertex AI documents to hold for its
            sub-resources too, as `projects/P/locations/L/keyRings/R/cryptoKeys/K`, in the location
            of the run.
        failure_policy: After a failure, `slow` goes on with what does not depend on it, which is
            Vertex AI's default; `fast` starts nothing more.
        experiment: Name of the Vertex AI experiment that shows the run, with its parameters and
            metrics; made when it is not there.
        tensorboard: Resource name of the TensorBoard instance that training logs to, as
            `projects/P/locations/L/tensorboards/ID`; needs a service account.
        job_id: Last part of the pipeline job's name, up to 128 lower-case letters, digits and
            hyphens; by default the flow's name with the time. A second call with the same id and
            otherwise the same arguments follows the run that is there, and starts none.
        max_cost: What it may cost, in the currency of the prices that `pyproject.toml` names; a
            run that may cost more, or of which that is not known, is refused before anything is
            sent. See `Flow.estimate`.
        hours: Hours by stage for that estimate, as `Flow.estimate` takes them.
    """

    service_account: str
    labels: Mapping[str, str]
    network: str
    encryption_key: str
    failure_policy: FailurePolicy
    experiment: str
    tensorboard: str
    job_id: str
    max_cost: float
    hours: Mapping[str, float]


@attrs.frozen(kw_only=True)
class Settled:
    """The options of a run, with those of the place where nothing else was said.

    Attributes are those of `RunOptions`; an empty text stands for none.
    """

    service_account: str = ""
    labels: Mapping[str, str] = attrs.field(factory=dict)
    network: str = ""
    encryption_key: str = ""
    failure_policy: str = ""
    experiment: str = ""
    tensorboard: str = ""
    job_id: str = ""


def settle(place: Place, options: Mapping[str, Any]) -> Settled:
    """Check options, and fill them up with what the place says.

    Args:
        place: Where the run is to be.
        options: Those of `Flow.run`, by name; None counts as not given.

    Raises:
        SettingError: An option is unknown, or not of its kind.
    """
    given = {
        name: value
        for name, value in options.items()
        if value is not None and name not in _ESTIMATED
    }
    for name, value in given.items():
        _check(name, value)
    defaults = {
        "service_account": place.service_account,
        "network": place.network or "",
        "encryption_key": place.encryption_key or "",
        "tensorboard": place.tensorboard or "",
    }
    labels = {**place.labels, **given.get("labels", {})}
    return Settled(**{**defaults, **given, "labels": labels})


def _check(name: str, value: Any) -> None:
    known = tuple(RunOptions.__annotations__)
    if name not in known:
        names = [*_EXPLICIT, *known]
        raise SettingError(
            f"Flow.run({plain(name)}={value!r}): there is no option {name!r}; there are "
            f"{', '.join(names)}.{nearest(name, names)}"
        )
    if name == "labels":
        _check_labels(value)
    elif not isinstance(value, str):
        raise SettingError(f"Flow.run({name}={value!r}): expected a str.")
    elif not value.isascii():
        raise SettingError(
            f"Flow.run({name}={value!r}): expected plain letters, digits and signs (ASCII)."
        )
    elif name == "failure_policy" and value not in _POLICIES:
        raise SettingError(
            f"Flow.run(failure_policy={value!r}): use 'slow' or 'fast'."
            + nearest(value.lower(), _POLICIES)
        )


def _check_labels(labels: Any) -> None:
    if not isinstance(labels, Mapping) or not all(isinstance(key, str) for key in labels):
        raise SettingError(
            f"Flow.run(labels={labels!r}): expected a mapping of str to str, for example "
            "{'team': 'vision'}."
        )
    check_labels("Flow.run", labels)

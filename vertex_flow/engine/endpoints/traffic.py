"""Traffic splits: how an endpoint's requests are shared out among its deployed models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vertex_flow.engine.api.errors import invalid

NEW = "0"  # in a deploy request: the model that is being deployed


def check_split(split: Mapping[str, int], ids: Iterable[str]) -> None:
    """Refuse a split that does not add up, or names a model that is not deployed.

    Args:
        split: Percentages by deployed model id; empty when the endpoint takes no traffic.
        ids: The ids that may stand in it.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    known = list(ids)
    for key, share in split.items():
        if key not in known:
            listing = ", ".join(known) or "none"
            raise invalid(f"traffic_split names {key!r}, which is not deployed here: {listing}.")
        if not 0 <= share <= 100:
            raise invalid(f"traffic_split gives {key!r} {share}: a share is 0 to 100.")
    total = sum(split.values())
    if split and total != 100:
        raise invalid(f"traffic_split has to add up to 100; {dict(split)} adds up to {total}.")


def split_after_deploy(
    present: Mapping[str, int], asked: Mapping[str, int], new_id: str
) -> dict[str, int]:
    """Give the split once a model is deployed.

    Args:
        present: The endpoint's split until now.
        asked: The request's split, in which `"0"` is the new model; empty keeps the present one.
        new_id: Id of the new deployed model.
    """
    if not asked:
        return dict(present)
    return {(new_id if key == NEW else key): share for key, share in asked.items() if share}


def split_after_undeploy(
    present: Mapping[str, int], asked: Mapping[str, int], *, gone: str, left: Iterable[str]
) -> dict[str, int]:
    """Give the split once a model is undeployed.

    Args:
        present: The endpoint's split until now.
        asked: The request's split; empty keeps the present one.
        gone: Id of the deployed model that leaves.
        left: Ids of those that stay.

    Raises:
        ApiError: INVALID_ARGUMENT when traffic would go to the model that leaves.
    """
    ids = list(left)
    if not ids:
        return {}
    if asked:
        check_split(asked, ids)
        return {key: share for key, share in asked.items() if share}
    if present.get(gone):
        raise invalid(
            f"The DeployedModel {gone} still gets {present[gone]} % of the traffic: send a "
            f"traffic_split that gives it to {', '.join(ids)}."
        )
    return {key: share for key, share in present.items() if key != gone}

"""Endpoints as they are stored, and the traffic tables that requests are sent by."""

from __future__ import annotations

import random
from itertools import accumulate

import attrs
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import failed_precondition
from vertex_flow.engine.api.messages import renew_etag, seconds, stamp
from vertex_flow.engine.state.store import Store


@attrs.frozen
class TrafficTable:
    """Who gets an endpoint's requests.

    Attributes:
        deployed: The deployed models that get any.
        thresholds: Running totals of their shares, the last 100.
        timeout: Longest time for one request in seconds, or None for the default.
    """

    deployed: tuple[types.DeployedModel, ...]
    thresholds: tuple[int, ...]
    timeout: float | None

    def choose(self, chance: random.Random) -> types.DeployedModel:
        """Choose who gets the next request, by the shares."""
        if len(self.deployed) == 1:
            return self.deployed[0]
        return chance.choices(self.deployed, cum_weights=self.thresholds)[0]


class EndpointRecords:
    """The endpoints in a store; everything that changes one goes through here.

    Args:
        store: Where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tables: dict[str, TrafficTable] = {}

    def get(self, name: str) -> types.Endpoint:
        """Read an endpoint.

        Raises:
            ApiError: NOT_FOUND.
        """
        return self._store.get(types.Endpoint, name)

    def all(self) -> list[types.Endpoint]:
        """Read every endpoint, oldest first."""
        return self._store.all(types.Endpoint)

    def insert(self, endpoint: types.Endpoint) -> types.Endpoint:
        """Store a new endpoint.

        Raises:
            ApiError: ALREADY_EXISTS.
        """
        stamp(endpoint, "create_time")
        _stamp(endpoint)
        self._store.insert(endpoint)
        return endpoint

    def save(self, endpoint: types.Endpoint) -> types.Endpoint:
        """Store a changed endpoint."""
        _stamp(endpoint)
        self._store.save(endpoint)
        self._tables.pop(endpoint.name, None)
        return endpoint

    def delete(self, name: str) -> None:
        """Forget an endpoint."""
        self._store.delete(name)
        self._tables.pop(name, None)

    def traffic(self, name: str) -> TrafficTable:
        """Give an endpoint's traffic table.

        Raises:
            ApiError: NOT_FOUND, or FAILED_PRECONDITION when no model gets any traffic.
        """
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = _table(self.get(name))
        return table


def _table(endpoint: types.Endpoint) -> TrafficTable:
    if not endpoint.deployed_models:
        raise failed_precondition(
            f'Endpoint "{endpoint.name}" has no deployed model: deploy one first.'
        )
    split = dict(endpoint.traffic_split)
    deployed = tuple(each for each in endpoint.deployed_models if split.get(each.id))
    if not deployed:
        raise failed_precondition(
            f'Endpoint "{endpoint.name}" has an empty traffic_split, so no deployed model gets '
            "requests: set its traffic_split."
        )
    timeout = seconds(endpoint.client_connection_config.inference_timeout)
    thresholds = tuple(accumulate(split[each.id] for each in deployed))
    return TrafficTable(deployed, thresholds, timeout)


def _stamp(endpoint: types.Endpoint) -> None:
    stamp(endpoint, "update_time")
    renew_etag(endpoint)

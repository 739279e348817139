"""What runs leave behind to be used: versions of models, and endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from vertex_flow.calls import if_there
from vertex_flow.errors import SettingError, nearest
from vertex_flow.expiry import moment
from vertex_flow.names import EXPIRES_LABEL, Resource
from vertex_flow.runs import reaching
from vertex_flow.texts import iso, plain

if TYPE_CHECKING:
    from vertex_flow.client import Client
    from vertex_flow.context import GcpContext
    from vertex_flow.engine.joining import LocalEngine

Predictions: TypeAlias = list[Any]
"""One prediction an instance."""

_DEFAULT = "default"


@attrs.frozen
class RegisteredModel:
    """A version of a model in the registry.

    Attributes:
        name: `projects/…/models/ID`, the same for all versions of a model.
        version: Version id, `"1"` for the first.
        display_name: Name shown in the registry.
        aliases: Aliases of this version.
        uri: Where the model's files are; may be empty.
        created: When this version was registered, or None where it is not known.
        image: The serving image, or the empty text.
        labels: Labels of this version.
        endpoints: Resource names of the endpoints that it is deployed to.
    """

    name: str
    version: str
    display_name: str
    aliases: tuple[str, ...]
    uri: str
    created: datetime | None = attrs.field(default=None, kw_only=True)
    image: str = attrs.field(default="", kw_only=True)
    labels: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    endpoints: tuple[str, ...] = attrs.field(default=(), kw_only=True)

    @property
    def id(self) -> str:
        """Last part of the name."""
        return Resource.parse(self.name).id

    @property
    def is_default(self) -> bool:
        """Whether it is the version that the model's name alone means."""
        return _DEFAULT in self.aliases

    @classmethod
    def list(cls, context: GcpContext, *, limit: int = 100) -> tuple[RegisteredModel, ...]:
        """List every version of the models of a place: the newest model first, and its versions.

        Args:
            context: Where they are. On this machine without a standing engine, one is started for
                the time of the call.
            limit: How many models at most.

        Raises:
            SettingError: The limit is no whole number from 1.
            ApiError: Google Cloud refused.

        Example:
            ```python
            for model in RegisteredModel.list(GcpContext.local()):
                print(model.display_name, model.version, model.aliases, model.is_default)
            ```
        """
        if type(limit) is not int or limit < 1:
            raise SettingError(
                f"RegisteredModel.list(limit={limit!r}): expected a whole number from 1."
            )
        if reaching.is_empty(context):
            return ()
        with reaching.reached(context) as client:
            return tuple(_versions(client, limit))

    @classmethod
    def of(cls, message: Any) -> RegisteredModel:
        """Read a version from the `Model` message."""
        deployed = dict.fromkeys(ref.endpoint for ref in message.deployed_models)
        return cls(
            name=message.name.partition("@")[0],
            version=message.version_id,
            display_name=message.display_name,
            aliases=tuple(message.version_aliases),
            uri=message.artifact_uri,
            created=message.version_create_time or message.create_time or None,
            image=message.container_spec.image_uri,
            labels=dict(message.labels),
            endpoints=tuple(deployed),
        )

    def as_json(self) -> dict[str, Any]:
        """Everything about the version as plain data, which `json.dumps` writes."""
        return {
            "id": self.id,
            "name": self.name,
            "display_name": self.display_name,
            "version": self.version,
            "aliases": list(self.aliases),
            "default": self.is_default,
            "created": iso(self.created),
            "uri": self.uri,
            "image": self.image,
            "labels": dict(self.labels),
            "endpoints": list(self.endpoints),
        }


@attrs.frozen(kw_only=True)
class DeployedModel:
    """A model version on an endpoint.

    Attributes:
        id: Its id on the endpoint.
        model: Resource name of the model, without the version.
        version: Version id.
        display_name: Name that it was deployed under.
        traffic_percent: Its share of the requests, 0 to 100.
        created: When it was deployed, or None where it is not known.
    """

    id: str
    model: str
    version: str
    display_name: str
    traffic_percent: int
    created: datetime | None = None


@attrs.frozen(eq=False)
class DeployedEndpoint:
    """An endpoint that serves models.

    Attributes:
        name: `projects/…/endpoints/ID`.
        url: The URL that takes predictions, by HTTP POST with a bearer token.
        display_name: Name shown for it.
        deployed_models: What is deployed to it; empty also where the endpoint is gone.
        labels: Its labels.
        created: When it was made, or None where it is not known.
    """

    name: str
    url: str
    _client: Client = attrs.field(repr=False, alias="client")
    _engine: LocalEngine | None = attrs.field(default=None, repr=False, alias="engine")
    display_name: str = attrs.field(default="", kw_only=True)
    deployed_models: tuple[DeployedModel, ...] = attrs.field(default=(), kw_only=True)
    labels: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    created: datetime | None = attrs.field(default=None, kw_only=True)

    @property
    def id(self) -> str:
        """Last part of the name."""
        return Resource.parse(self.name).id

    @property
    def expires(self) -> datetime | None:
        """When `GcpContext.clean` may remove it, or None for never: `Deploy(expires=...)`."""
        found: datetime | None = moment(self.labels.get(EXPIRES_LABEL, ""))
        return found

    @classmethod
    def list(cls, context: GcpContext) -> tuple[DeployedEndpoint, ...]:
        """List the endpoints of a place, the newest first; those too that serve nothing.

        Args:
            context: Where they are. On this machine without a standing engine, one is started for
                the time of the call; what is to be asked for predictions is got by `find`.

        Raises:
            ApiError: Google Cloud refused.

        Example:
            ```python
            for endpoint in DeployedEndpoint.list(GcpContext.local()):
                print(endpoint.display_name, [one.version for one in endpoint.deployed_models])
            ```
        """
        if reaching.is_empty(context):
            return ()
        with reaching.reached(context) as client:
            return _newest_first(cls.of(client, one) for one in client.endpoints(""))

    @classmethod
    def find(cls, context: GcpContext, name: str) -> DeployedEndpoint:
        """Find an endpoint.

        Args:
            context: Where it is. On this machine without a standing engine, one is started; it
                ends with the program, or with `close`.
            name: Its display name, its id, or its resource name.

        Raises:
            SettingError: There is none, or several have the display name; with what there is.
            ApiError: Google Cloud refused.
        """
        if reaching.is_empty(context):
            raise _unfound(name, context, ())
        client, engine = reaching.connect(context)
        try:
            every = _newest_first(cls.of(client, one, engine) for one in client.endpoints(""))
            return _chosen(every, name, context)
        except BaseException:
            reaching.let_go(engine)
            raise

    @classmethod
    def of(
        cls, client: Client, message: Any, engine: LocalEngine | None = None
    ) -> DeployedEndpoint:
        """Read an endpoint from the `Endpoint` message.

        Args:
            client: Speaks to where it is.
            message: The message.
            engine: The engine that it lives in, or None.
        """
        return cls(
            name=message.name,
            url=predict_url(client, message.name),
            client=client,
            engine=engine,
            display_name=message.display_name,
            deployed_models=tuple(_deployed(message)),
            labels=dict(message.labels),
            created=message.create_time or None,
        )

    def predict(
        self, instances: Iterable[Any], *, parameters: Mapping[str, Any] | None = None
    ) -> Predictions:
        """Get predictions.

        Args:
            instances: One element a prediction, in the form the model takes; NumPy arrays too.
            parameters: What the model's server takes besides.

        Returns:
            One prediction an instance.

        Raises:
            ApiError: The endpoint refused the request, for example 400 for a wrong shape.
        """
        plain = [one.tolist() if hasattr(one, "tolist") else one for one in instances]
        return list(self._client.predict(self.name, plain, parameters)["predictions"])

    def as_json(self) -> dict[str, Any]:
        """Everything about the endpoint as plain data, which `json.dumps` writes."""
        return {
            "id": self.id,
            "name": self.name,
            "display_name": self.display_name,
            "url": self.url,
            "created": iso(self.created),
            "expires": iso(self.expires),
            "labels": dict(self.labels),
            "deployed_models": [
                {**attrs.asdict(one), "created": iso(one.created)} for one in self.deployed_models
            ],
        }

    def close(self) -> None:
        """End the engine that `find` has started for it, where it did."""
        reaching.let_go(self._engine)


def endpoint_of(client: Client, name: str) -> DeployedEndpoint:
    """Give an endpoint by its resource name; one that is gone, with nothing on it.

    Args:
        client: Speaks to where it is.
        name: Its resource name.
    """
    found = if_there(lambda: client.get_endpoint(name))
    if found is not None:
        return DeployedEndpoint.of(client, found)
    return DeployedEndpoint(name=name, url=predict_url(client, name), client=client)


def model_of(client: Client, name: str) -> RegisteredModel | None:
    """Give a version of a model by its resource name; None for one that is gone.

    Args:
        client: Speaks to where it is.
        name: Its resource name, `projects/…/models/ID@VERSION`.
    """
    found = if_there(lambda: client.get_model(name))
    return None if found is None else RegisteredModel.of(found)


def predict_url(client: Client, name: str) -> str:
    """The URL at which an endpoint takes predictions."""
    return f"{client.endpoint}/v1/{name}:predict"


def _versions(client: Client, limit: int) -> Iterator[RegisteredModel]:
    """Every version of the newest models, with where it is deployed."""
    places: dict[tuple[str, str], list[str]] = {}
    for endpoint in client.endpoints(""):
        for deployed in _deployed(endpoint):
            places.setdefault((deployed.model, deployed.version), []).append(endpoint.name)
    for model in islice(client.models(), limit):
        found = [RegisteredModel.of(one) for one in client.model_versions(model.name)]
        for one in sorted(found, key=lambda one: (len(one.version), one.version), reverse=True):
            endpoints = dict.fromkeys(places.get((one.name, one.version), ()))
            yield attrs.evolve(one, endpoints=tuple(endpoints))


def _deployed(message: Any) -> Iterator[DeployedModel]:
    for one in message.deployed_models:
        model, _, version = one.model.partition("@")
        yield DeployedModel(
            id=one.id,
            model=model,
            version=one.model_version_id or version,
            display_name=one.display_name,
            traffic_percent=dict(message.traffic_split).get(one.id, 0),
            created=one.create_time or None,
        )


def _newest_first(endpoints: Iterable[DeployedEndpoint]) -> tuple[DeployedEndpoint, ...]:
    return tuple(
        sorted(endpoints, key=lambda one: one.created.timestamp() if one.created else 0.0)[::-1]
    )


def _chosen(
    every: tuple[DeployedEndpoint, ...], name: str, context: GcpContext
) -> DeployedEndpoint:
    wanted = Resource.parse(name) if "/endpoints/" in name else None
    if wanted and wanted.location != context.location:
        raise SettingError(
            f"the endpoint {name!r} is in {wanted.location}, and the context in "
            f"{context.location}: GcpContext(project=..., location={wanted.location!r})."
        )
    found = [one for one in every if one.id == (wanted.id if wanted else name)]
    found = found or [one for one in every if one.display_name == name]
    if len(found) == 1:
        return found[0]
    if not found:
        raise _unfound(name, context, every)
    ids = ", ".join(one.id for one in found)
    raise SettingError(f"{len(found)} endpoints have the display name {name!r}. Give an id: {ids}.")


def _unfound(name: str, context: GcpContext, every: tuple[DeployedEndpoint, ...]) -> SettingError:
    where = f"in project {context.project}, {context.location}" if context.home is None else "here"
    names = list(dict.fromkeys(one.display_name or one.id for one in every))
    known = f"its endpoints are {plain(', '.join(names))}" if names else "there is none"
    return SettingError(f"there is no endpoint {name!r} {where}; {known}.{nearest(name, names)}")

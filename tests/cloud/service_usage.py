"""Service Usage: APIs are enabled and disabled; quotas."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from tests.cloud.fake import Answer, Asked, Refused
from tests.cloud.rules import Rules, not_found


class ServiceUsage:
    """Service Usage of one project.

    Attributes:
        dependents: By API, those that depend on it, so that it is not disabled before them.
        quotas: By metric, such as `custom_model_training_cpus`, the limit by region; the empty
            text is every other region.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.dependents: dict[str, set[str]] = {}
        self.quotas: dict[str, dict[str, int]] = {}
        one = "serviceusage.services."
        rules.serve(
            "serviceusage.v1",
            "",
            {
                f"{one}batchGet": (f"{one}get", self._batch_get),
                f"{one}batchEnable": (f"{one}enable", self._batch_enable),
                f"{one}disable": (f"{one}disable", self._disable),
                "serviceusage.operations.get": ("", self._operation),
            },
        )
        quota = f"{one}consumerQuotaMetrics.get"
        rules.serve("serviceusage.v1beta1", "", {quota: ("serviceusage.quotas.get", self._quota)})

    def _batch_get(self, asked: Asked) -> Answer:
        if asked.parts[1] not in (self._rules.id, self._rules.number):
            raise Refused(
                403,
                "PERMISSION_DENIED",
                f"Project '{asked.parts[1]}' not found or permission denied.",
                reason="USER_PROJECT_DENIED",
            )
        names = [name.rpartition("/")[2] for name in asked.lists["names"]]
        return {"services": [self._service(name) for name in names]}

    def _batch_enable(self, asked: Asked) -> Answer:
        names = asked.body["serviceIds"]
        assert 1 <= len(names) <= 20, names
        for name in set(names) - self._rules.enabled:
            self._rules.enabled.add(name)
            self._rules.changed(name)
        return self._rules.operation("", {"services": [self._service(name) for name in names]})

    def _disable(self, asked: Asked) -> Answer:
        name = asked.parts[2]
        if name not in self._rules.enabled:
            raise Refused(400, "FAILED_PRECONDITION", f"{name} is not enabled.")
        if asked.body.get("disableDependentServices"):
            raise AssertionError("what others need would be disabled")
        needing = sorted(self.dependents.get(name, set()) & self._rules.enabled)
        if needing:
            message = f"The service {name} is depended on by the following: {', '.join(needing)}"
            raise Refused(400, "FAILED_PRECONDITION", message)
        self._rules.enabled.discard(name)
        return self._rules.operation("", {"service": self._service(name)})

    def _operation(self, asked: Asked) -> Answer:
        return self._rules.poll(f"operations/{asked.parts[0]}")

    def _service(self, name: str) -> dict[str, Any]:
        parent = f"projects/{self._rules.number}"
        state = "ENABLED" if name in self._rules.enabled else "DISABLED"
        return {"name": f"{parent}/services/{name}", "parent": parent, "state": state}

    def _quota(self, asked: Asked) -> Answer:
        service, _, metric = unquote(asked.parts[3]).partition("/")
        if metric not in self.quotas:
            raise not_found(f"quota metric {metric}")
        buckets = [
            {"effectiveLimit": str(limit), "dimensions": {"region": region} if region else {}}
            for region, limit in sorted(self.quotas[metric].items())
        ]
        limits = [
            {"unit": "1/{project}", "quotaBuckets": [{"effectiveLimit": "7"}]},
            {"unit": "1/{project}/{region}", "quotaBuckets": buckets},
        ]
        return {"metric": f"{service}/{metric}", "consumerQuotaLimits": limits}

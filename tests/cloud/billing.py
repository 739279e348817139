"""Cloud Billing: whether the project has an account that pays."""

from __future__ import annotations

from tests.cloud.fake import Answer, Asked
from tests.cloud.rules import Rules


class Billing:
    """Cloud Billing of one project.

    Attributes:
        on: Whether it has an open billing account.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.on = True
        name = "cloudbilling.projects.getBillingInfo"
        rules.serve(
            "cloudbilling.v1",
            "cloudbilling.googleapis.com",
            {name: ("resourcemanager.projects.get", self._info)},
        )

    def _info(self, _: Asked) -> Answer:
        return {"projectId": self._rules.id, "billingEnabled": self.on}

"""IAM: service accounts, and who may use them."""

from __future__ import annotations

from typing import Any

from tests.cloud.fake import Answer, Asked, Refused
from tests.cloud.rules import Policies, Rules

_ACT = "iam.serviceAccounts.actAs"


class Iam:
    """Service accounts of one project.

    Attributes:
        accounts: By e-mail address.
        policies: By e-mail address.
        caller: The caller, as a policy names them.
    """

    def __init__(self, rules: Rules, caller: str) -> None:
        self._rules = rules
        self.caller = caller
        self.accounts: dict[str, dict[str, Any]] = {}
        self.policies = Policies(rules)
        prefix, permission = "iam.projects.serviceAccounts.", "iam.serviceAccounts."
        names = ("create", "delete", "get", "getIamPolicy", "setIamPolicy")
        handlers = (self._create, self._delete, self._get, self._read, self._write)
        rules.serve(
            "iam.v1",
            "iam.googleapis.com",
            {
                **{
                    prefix + name: (permission + name, handler)
                    for name, handler in zip(names, handlers, strict=True)
                },
                f"{prefix}testIamPermissions": ("", self._test),
            },
        )

    def add(self, account: str, **fields: Any) -> str:
        """Have an account be there from the beginning; gives its e-mail address."""
        email = f"{account}@{self._rules.id}.iam.gserviceaccount.com"
        self.accounts[email] = {
            "name": f"projects/{self._rules.id}/serviceAccounts/{email}",
            "email": email,
            "uniqueId": self._rules.number_of(),
            **fields,
        }
        self.policies.accounts.add(email)
        return email

    def _create(self, asked: Asked) -> Answer:
        account = asked.body["accountId"]
        email = f"{account}@{self._rules.id}.iam.gserviceaccount.com"
        if email in self.accounts:
            message = f"Service account {account} already exists within project."
            raise Refused(409, "ALREADY_EXISTS", message)
        self.add(account, **asked.body.get("serviceAccount", {}))
        self._rules.changed(f"serviceAccount:{email}")
        return self.accounts[email]

    def _get(self, asked: Asked) -> Answer:
        return self._account(asked)

    def _delete(self, asked: Asked) -> Answer:
        email = self._account(asked)["email"]
        del self.accounts[email]
        self.policies.accounts.discard(email)
        self.policies.drop(email)
        return {}

    def _read(self, asked: Asked) -> Answer:
        version = asked.query.get("options.requestedPolicyVersion", 0)
        return self.policies.read(self._account(asked)["email"], version)

    def _write(self, asked: Asked) -> Answer:
        return self.policies.write(self._account(asked)["email"], asked.body["policy"])

    def _test(self, asked: Asked) -> Answer:
        email = self._account(asked)["email"]
        granted = any(
            one["role"] == "roles/iam.serviceAccountUser" and self.caller in one["members"]
            for one in self.policies.bindings(email)
        )
        held = granted or _ACT not in self._rules.denied
        return {"permissions": [one for one in asked.body["permissions"] if held]}

    def _account(self, asked: Asked) -> dict[str, Any]:
        email = asked.parts[1]
        if email not in self.accounts:
            raise Refused(404, "NOT_FOUND", f"Unknown service account {email}.")
        if not self._rules.is_known(f"{asked.method} {email}") and self._rules.lag:
            raise Refused(404, "NOT_FOUND", f"Unknown service account {email}.")
        return self.accounts[email]

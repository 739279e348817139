"""Everything that a pipeline needs of a project, in the order in which it is made."""

from __future__ import annotations

from vertex_flow.gcp.identity import Account, AccountRoles, Caller
from vertex_flow.gcp.project import Billing, Credentials, Project
from vertex_flow.gcp.quotas import Machines, Quotas
from vertex_flow.gcp.regions import Location
from vertex_flow.gcp.registry import Repository, RepositoryRoles
from vertex_flow.gcp.requirement import Requirement
from vertex_flow.gcp.roles import ProjectRoles
from vertex_flow.gcp.services import Services
from vertex_flow.gcp.storage import Bucket, BucketRoles
from vertex_flow.gcp.tensorboard import Tensorboard


def requirements() -> tuple[Requirement, ...]:
    """One object a requirement; what one needs stands before it."""
    return (
        Credentials(),
        Project(),
        Billing(),
        Services(),
        Location(),
        Account(),
        Bucket(),
        Repository(),
        Tensorboard(),
        ProjectRoles(),
        BucketRoles(),
        RepositoryRoles(),
        AccountRoles(),
        Caller(),
        Machines(),
        Quotas(),
    )

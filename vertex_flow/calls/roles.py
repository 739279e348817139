"""Which role gives a permission: the least of Google's predefined ones."""

from __future__ import annotations

_ROLES = {
    "aiplatform": "roles/aiplatform.user",
    "artifactregistry.repositories.create": "roles/artifactregistry.admin",
    "artifactregistry.repositories.delete": "roles/artifactregistry.admin",
    "artifactregistry.repositories.setIamPolicy": "roles/artifactregistry.admin",
    "artifactregistry.repositories.update": "roles/artifactregistry.admin",
    "artifactregistry.repositories.uploadArtifacts": "roles/artifactregistry.writer",
    "artifactregistry": "roles/artifactregistry.reader",
    "billing": "roles/billing.viewer",
    "cloudbuild": "roles/cloudbuild.builds.editor",
    "compute": "roles/compute.viewer",
    "iam.serviceAccounts.actAs": "roles/iam.serviceAccountUser",
    "iam.serviceAccounts.get": "roles/iam.serviceAccountViewer",
    "iam.serviceAccounts.list": "roles/iam.serviceAccountViewer",
    "iam.serviceAccounts": "roles/iam.serviceAccountAdmin",
    "logging": "roles/logging.viewer",
    "resourcemanager.projects.get": "roles/browser",
    "resourcemanager.projects.getIamPolicy": "roles/iam.securityReviewer",
    "resourcemanager.projects.list": "roles/browser",
    "resourcemanager.projects.setIamPolicy": "roles/resourcemanager.projectIamAdmin",
    "resourcemanager.projects.update": "roles/owner",
    "serviceusage.quotas.get": "roles/serviceusage.serviceUsageViewer",
    "serviceusage.services.get": "roles/serviceusage.serviceUsageViewer",
    "serviceusage.services.list": "roles/serviceusage.serviceUsageViewer",
    "serviceusage.services.use": "roles/serviceusage.serviceUsageConsumer",
    "serviceusage": "roles/serviceusage.serviceUsageAdmin",
    "storage.objects.get": "roles/storage.objectViewer",
    "storage.objects.list": "roles/storage.objectViewer",
    "storage.objects": "roles/storage.objectAdmin",
    "storage": "roles/storage.admin",
}


def role_for(permission: str) -> str | None:
    """Name a role that holds a permission.

    Args:
        permission: For example `storage.buckets.create`.

    Returns:
        For example `roles/storage.admin`; None for a permission of a service that this package
        does not use.
    """
    parts = permission.split(".")
    prefixes = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((_ROLES[one] for one in prefixes if one in _ROLES), None)

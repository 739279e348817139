"""What changes a Google Cloud project: services, identity, storage, images, and how they are found.

Every module takes an `Apis`, which is one project seen with one identity, and nothing here knows
of flows or stages.
"""

"""Secrets that connectors name by ARN: the local vault, and AWS's own Secrets Manager."""

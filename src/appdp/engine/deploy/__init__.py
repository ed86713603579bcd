"""Moves an environment to a release, whole or not at all."""

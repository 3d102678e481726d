"""Contracts of stores and backend addons: mixins for the tests of each backend."""

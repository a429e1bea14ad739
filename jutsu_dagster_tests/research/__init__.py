"""Tests of the nightly research steps."""

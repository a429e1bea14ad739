"""Decisions in child processes of their own, forked from a small server that has all imported."""

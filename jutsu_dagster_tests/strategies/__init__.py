"""Tests of jutsu_dagster."""

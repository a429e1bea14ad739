"""Pure functions of the nightly research cycle."""

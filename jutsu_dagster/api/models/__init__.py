"""What answers look like, field by field, for the documentation and for the tests."""

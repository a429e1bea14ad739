"""PostgreSQL for the tests: a server of their own, or the one that the environment names."""

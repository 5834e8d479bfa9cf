# filled by tests/e2e

# filled by tests/real

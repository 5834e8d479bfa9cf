# filled by tests/structure

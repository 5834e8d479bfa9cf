# filled by tests/lib

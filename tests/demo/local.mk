# filled by tests/demo

# filled by tests/bench
